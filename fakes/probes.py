"""A hook and a saver listener that report when they are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from fakes.errors import named_error
from fakes.faults import FaultLedger


@dataclass(frozen=True)
class RaiseIn:
    """Error to raise in a phase, ``times`` times after it was reached ``skips`` times."""

    phase: str
    error: str
    message: str
    skips: int
    times: int
    place: str


class ProbeHook(tf.compat.v1.train.SessionRunHook):
    """Hook that calls ``on_phase(phase)`` in each phase, then raises if so configured.

    ``take_time``, if there is one, is called at the end of ``before_run``, when a step is under
    way for the hooks before this one.
    """

    def __init__(
        self,
        on_phase: Callable[[str], None],
        raises: RaiseIn | None,
        ledger: FaultLedger,
        take_time: Callable[[], None] | None = None,
    ) -> None:
        self._on_phase = on_phase
        self._raises = raises
        self._ledger = ledger
        self._take_time = take_time
        self._reached = 0

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
        if self._take_time is not None:
            self._take_time()

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
        if raises is None or raises.phase != phase:
            return
        self._reached += 1
        if raises.skips < self._reached <= raises.skips + raises.times:
            self._ledger.mark_triggered(raises.place)
            raise named_error(raises.error, raises.message)


class ListenerFaults:
    """The errors that listeners raise, by their index and method.

    Only the lane that has the turn may use it.
    """

    def __init__(self, ledger: FaultLedger) -> None:
        self._ledger = ledger
        self._errors: dict[tuple[int, str], tuple[str, str, str]] = {}
        self._left: dict[tuple[int, str], int | None] = {}

    def fail(
        self, listener: int, method: str, error: str, message: str, times: int | None, place: str
    ) -> None:
        """Make the next ``times`` calls of a method raise, or every one if ``times`` is None."""
        self._errors[listener, method] = (error, message, place)
        self._left[listener, method] = times

    def raise_injected_error(self, listener: int, method: str) -> None:
        """Raise the error of this call, if there is one left."""
        left = self._left.get((listener, method), 0)
        if left == 0:
            return
        if left is not None:
            self._left[listener, method] = left - 1
        error, message, place = self._errors[listener, method]
        self._ledger.mark_triggered(place)
        raise named_error(error, message)


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
