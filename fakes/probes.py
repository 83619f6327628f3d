"""A hook and a saver listener that report when they are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from fakes.faults import FaultLedger, named_error


@dataclass(frozen=True)
class RaiseIn:
    """Error to raise in a phase, the first ``times`` times that it is reached."""

    phase: str
    error: str
    message: str
    times: int
    place: str


class ProbeHook(tf.compat.v1.train.SessionRunHook):
    """Hook that calls ``on_phase(phase)`` in each phase, then raises if so configured."""

    def __init__(
        self, on_phase: Callable[[str], None], raises: RaiseIn | None, ledger: FaultLedger
    ) -> None:
        self._on_phase = on_phase
        self._raises = raises
        self._ledger = ledger
        self._raised = 0

    def begin(self) -> None:
        """Run the phase ``begin``."""
        self._enter("begin")

    def after_create_session(self, session: object, coord: object) -> None:
        """Run the phase ``after_create_session``."""
        del session, coord
        self._enter("after_create_session")

    def before_run(self, run_context: object) -> None:
        """Run the phase ``before_run``."""
        del run_context
        self._enter("before_run")

    def after_run(self, run_context: object, run_values: object) -> None:
        """Run the phase ``after_run``."""
        del run_context, run_values
        self._enter("after_run")

    def end(self, session: object) -> None:
        """Run the phase ``end``."""
        del session
        self._enter("end")

    def _enter(self, phase: str) -> None:
        self._on_phase(phase)
        raises = self._raises
        if raises is not None and raises.phase == phase and self._raised < raises.times:
            self._raised += 1
            self._ledger.mark_triggered(raises.place)
            raise named_error(raises.error, raises.message)


class ProbeListener(tf.compat.v1.train.CheckpointSaverListener):
    """Saver listener that calls ``on_call(method, global_step)``; the step is None in ``begin``.

    It can request a stop after each save.
    """

    def __init__(
        self, on_call: Callable[[str, int | None], None], *, asks_to_stop: bool = False
    ) -> None:
        self._on_call = on_call
        self._asks_to_stop = asks_to_stop

    def begin(self) -> None:
        """Report that the graph is being built."""
        self._on_call("begin", None)

    def before_save(self, session: object, global_step_value: int) -> None:
        """Report that a checkpoint is about to be written."""
        del session
        self._on_call("before_save", int(global_step_value))

    def after_save(self, session: object, global_step_value: int) -> bool:
        """Report that a checkpoint was written, and return whether training must stop."""
        del session
        self._on_call("after_save", int(global_step_value))
        return self._asks_to_stop

    def end(self, session: object, global_step_value: int) -> None:
        """Report that the session is about to be closed."""
        del session
        self._on_call("end", int(global_step_value))
