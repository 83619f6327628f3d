"""A hook that shows when its phases come, and raises in one if asked to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from fakes.faults import FaultLedger, named_error


@dataclass(frozen=True)
class RaiseIn:
    """What to raise in which phase, the first ``times`` times that it comes."""

    phase: str
    error: str
    message: str
    times: int
    place: str


class ProbeHook(tf.compat.v1.train.SessionRunHook):
    """Calls ``on_phase(phase)`` in each phase, then raises if it is told to."""

    def __init__(
        self, on_phase: Callable[[str], None], raises: RaiseIn | None, ledger: FaultLedger
    ) -> None:
        self._on_phase = on_phase
        self._raises = raises
        self._ledger = ledger
        self._raised = 0

    def begin(self) -> None:
        """Phase ``begin``."""
        self._come_to("begin")

    def after_create_session(self, session: object, coord: object) -> None:
        """Phase ``after_create_session``."""
        del session, coord
        self._come_to("after_create_session")

    def before_run(self, run_context: object) -> None:
        """Phase ``before_run``."""
        del run_context
        self._come_to("before_run")

    def after_run(self, run_context: object, run_values: object) -> None:
        """Phase ``after_run``."""
        del run_context, run_values
        self._come_to("after_run")

    def end(self, session: object) -> None:
        """Phase ``end``."""
        del session
        self._come_to("end")

    def _come_to(self, phase: str) -> None:
        self._on_phase(phase)
        raises = self._raises
        if raises is not None and raises.phase == phase and self._raised < raises.times:
            self._raised += 1
            self._ledger.strike(raises.place)
            raise named_error(raises.error, raises.message)


class ProbeListener(tf.compat.v1.train.CheckpointSaverListener):
    """Calls ``told(method, global_step)``; the step is None in ``begin``.

    It can ask for a stop after each save.
    """

    def __init__(
        self, told: Callable[[str, int | None], None], *, asks_to_stop: bool = False
    ) -> None:
        self._told = told
        self._asks_to_stop = asks_to_stop

    def begin(self) -> None:
        """The graph is being built."""
        self._told("begin", None)

    def before_save(self, session: object, global_step_value: int) -> None:
        """A checkpoint is about to be written."""
        del session
        self._told("before_save", int(global_step_value))

    def after_save(self, session: object, global_step_value: int) -> bool:
        """A checkpoint has been written."""
        del session
        self._told("after_save", int(global_step_value))
        return self._asks_to_stop

    def end(self, session: object, global_step_value: int) -> None:
        """The session is about to be closed."""
        del session
        self._told("end", int(global_step_value))
