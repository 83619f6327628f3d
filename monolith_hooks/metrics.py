"""Where hooks send what they measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Metrics(Protocol):
    """Receiver of counters and timers, such as an adapter of a site's own metrics client.

    The training thread and handlers of RPCs call it, with a lock of the saver hook held.
    """

    def emit_counter(self, name: str, value: int, tags: Mapping[str, str]) -> None:
        """Add ``value`` to a counter."""

    def emit_timer(self, name: str, value: float, tags: Mapping[str, str]) -> None:
        """Record a duration of ``value`` seconds."""
