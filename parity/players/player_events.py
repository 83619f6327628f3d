"""What a player takes down itself, of what happens outside the processes that it started."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from parity.cluster.paced_clock import PacedClock
from parity.cluster.wire import Happened
from parity.trace import Event


class PlayerEvents:
    """Hands each event on with its time; any thread may record.

    Args:
      clock: the player's.
      take: gets the events.
    """

    def __init__(self, clock: PacedClock, take: Callable[[Happened], None]) -> None:
        self._clock = clock
        self._take = take

    def record(self, event: Callable[..., Event], **fields: Any) -> None:
        """Take down an event of this type, here and now."""
        made = event(ms=self._clock.milliseconds, lane=self._clock.label, **fields)
        self._take(Happened(at=time.monotonic_ns(), event=made))
