"""The timer of the saver hook: by steps or by seconds, with another interval outside a tide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from monolith_hooks.clock import NANOSECONDS, SYSTEM_CLOCK, Clock, nanoseconds

_MINUTES_IN_A_DAY: Final = 24 * 60


@dataclass(frozen=True)
class _Tide:
    """The part of the day, in minutes since midnight UTC, and the interval outside it."""

    start: int
    end: int
    every_secs: float

    def is_on(self, now_ns: int) -> bool:
        """Return whether it is on; a tide that doesn't start before its end always is (B76)."""
        if self.start >= self.end:
            return True
        minute = now_ns // (60 * NANOSECONDS) % _MINUTES_IN_A_DAY
        return self.start <= minute < self.end


class SecondOrStepTimerWithTideSetting(tf.compat.v1.train.SecondOrStepTimer):
    """TensorFlow's timer with a given clock and a tide, which can be disabled (B76).

    The tide is a part of the day, in UTC. During the tide the timer triggers at its ordinary
    interval, outside it after ``tide_every_secs`` seconds, whatever the steps. It is used
    only if both hours and ``tide_every_secs`` are given.

    Any thread may enable or disable it, or read the step. The other methods are called
    with the saver hook's lock held.

    Args:
        every_secs: Interval in seconds; this or ``every_steps``, not both.
        every_steps: Interval in steps.
        tide_start_hour: Hour at which the tide begins.
        tide_start_minute: Minute of that hour; None is 0.
        tide_end_hour: Hour at which the tide has ended.
        tide_end_minute: Minute of that hour; None is 0.
        tide_every_secs: Interval outside the tide, in seconds.
        save_helper: Accepted for the original's callers; unused.
        clock: Provides the time.

    Raises:
        ValueError: Both or neither of ``every_secs`` and ``every_steps`` were given.
    """

    _last_triggered_step: int | None
    _last_triggered_time: int
    """In nanoseconds; set together with the step."""

    def __init__(
        self,
        every_secs: float | None = None,
        every_steps: int | None = None,
        tide_start_hour: int | None = None,
        tide_start_minute: int | None = None,
        tide_end_hour: int | None = None,
        tide_end_minute: int | None = None,
        tide_every_secs: float | None = None,
        save_helper: Any = None,  # noqa: ARG002
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(every_secs=every_secs, every_steps=every_steps)
        self._clock = clock
        self._enabled = True
        self._tide: _Tide | None = None
        if (
            tide_start_hour is not None
            and tide_end_hour is not None
            and tide_every_secs is not None
        ):
            start = tide_start_hour * 60 + (tide_start_minute or 0)
            end = tide_end_hour * 60 + (tide_end_minute or 0)
            self._tide = _Tide(start, end, tide_every_secs)

    @property
    def enabled(self) -> bool:
        """True if it can trigger, as it can initially."""
        return self._enabled

    def enable(self) -> None:
        """Trigger again, based on the step and time of the last trigger."""
        self._enabled = True

    def disable(self) -> None:
        """Don't trigger at any time or step until enabled."""
        self._enabled = False

    def should_trigger_for_step(self, step: int) -> bool:
        """Return True once the time or the steps since the last trigger reach the interval."""
        if not self._enabled or self._last_triggered_step == step:
            return False
        if self._last_triggered_step is None:
            return True
        now = self._clock.now_ns()
        every_secs = self._every_secs
        if self._tide is not None and not self._tide.is_on(now):
            every_secs = self._tide.every_secs
        if every_secs is not None:
            return now >= self._last_triggered_time + nanoseconds(every_secs)
        return bool(step >= self._last_triggered_step + self._every_steps)

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Start a new interval at this step and the present time.

        Returns:
            The seconds and steps since the last trigger; None and None at the first.
        """
        now, last_step = self._clock.now_ns(), self._last_triggered_step
        elapsed = (
            (None, None)
            if last_step is None
            else ((now - self._last_triggered_time) / NANOSECONDS, step - last_step)
        )
        self._last_triggered_time, self._last_triggered_step = now, step
        return elapsed
