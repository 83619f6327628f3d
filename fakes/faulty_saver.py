"""TensorFlow's saver, with faults: slow, or failing for a while."""

from __future__ import annotations

from typing import Any, Protocol

import tensorflow as tf

from fakes.faults import FaultLedger, named_error
from monolith_hooks.clock import Clock


class SaveObserver(Protocol):
    """Who is told of each write."""

    def saved(self, step: int) -> None:
        """A checkpoint of this global step was written."""

    def save_failed(self, step: int, error: BaseException) -> None:
        """A write raised."""


class FaultySaver(tf.compat.v1.train.Saver):
    """Writes real checkpoints, unless told not to; touched only by the lane that has the turn."""

    def __init__(self, clock: Clock, ledger: FaultLedger, observer: SaveObserver) -> None:
        super().__init__()
        self._clock = clock
        self._ledger = ledger
        self._observer = observer
        self._slow: tuple[float, str] | None = None
        self._error: tuple[str, str, str] | None = None
        self._failures_left: int | None = 0

    def be_slow(self, seconds: float, place: str) -> None:
        """From now on each write waits this long first."""
        self._slow = (seconds, place)

    def fail(self, error: str, message: str, times: int | None, place: str) -> None:
        """Fail the next ``times`` writes, or all of them."""
        self._error = (error, message, place)
        self._failures_left = times

    def save(self, sess: tf.compat.v1.Session, save_path: str, **options: Any) -> str:
        """Write a checkpoint, faults permitting."""
        step = int(options["global_step"])
        if self._slow is not None:
            seconds, place = self._slow
            self._ledger.strike(place)
            self._clock.sleep(seconds)
        try:
            self._fail_if_told()
            path: str = super().save(sess, save_path, **options)
        except Exception as error:
            self._observer.save_failed(step, error)
            raise
        self._observer.saved(step)
        return path

    def _fail_if_told(self) -> None:
        if self._error is None or self._failures_left == 0:
            return
        error, message, place = self._error
        if self._failures_left is not None:
            self._failures_left -= 1
        self._ledger.strike(place)
        raise named_error(error, message)
