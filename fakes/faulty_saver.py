"""TensorFlow's saver, with faults: slow, or failing for a while."""

from __future__ import annotations

from typing import Any, Protocol

import tensorflow as tf

from fakes.errors import named_error
from fakes.faults import FaultLedger
from monolith_hooks.clock import Clock


class SaveObserver(Protocol):
    """Observer of checkpoint writes."""

    def saved(self, step: int) -> None:
        """Handle a checkpoint of this global step that was written."""

    def save_failed(self, step: int, error: BaseException) -> None:
        """Handle a write that raised."""


class FaultySaver(tf.compat.v1.train.Saver):
    """Saver that writes real checkpoints unless a fault is injected.

    Only the lane that has the turn may use it.
    """

    def __init__(self, clock: Clock, ledger: FaultLedger, observer: SaveObserver) -> None:
        super().__init__()
        self._clock = clock
        self._ledger = ledger
        self._observer = observer
        self._slow: tuple[float, str] | None = None
        self._error: tuple[str, str, str] | None = None
        self._failures_left: int | None = 0

    def slow_down(self, seconds: float, place: str) -> None:
        """Make each write from now on wait this long first."""
        self._slow = (seconds, place)

    def fail(self, error: str, message: str, times: int | None, place: str) -> None:
        """Make the next ``times`` writes fail, or every one if ``times`` is None."""
        self._error = (error, message, place)
        self._failures_left = times

    def save(self, sess: tf.compat.v1.Session, save_path: str, **options: Any) -> str:
        """Write a checkpoint, or raise as a fault says."""
        step = int(options["global_step"])
        if self._slow is not None:
            seconds, place = self._slow
            self._ledger.mark_triggered(place)
            self._clock.sleep(seconds)
        try:
            self._raise_injected_error()
            path: str = super().save(sess, save_path, **options)
        except Exception as error:
            self._observer.save_failed(step, error)
            raise
        self._observer.saved(step)
        return path

    def _raise_injected_error(self) -> None:
        if self._error is None or self._failures_left == 0:
            return
        error, message, place = self._error
        if self._failures_left is not None:
            self._failures_left -= 1
        self._ledger.mark_triggered(place)
        raise named_error(error, message)
