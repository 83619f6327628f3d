"""The faults of a fake PS, and the ledger of the declared faults that were triggered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rss:
    """Resident memory of this many bytes."""

    bytes: int


@dataclass(frozen=True)
class Recovered:
    """The initial memory again, and no other fault."""


@dataclass(frozen=True)
class HealthBytes:
    """Bytes that the health check returns instead of its real result."""

    data: bytes


@dataclass(frozen=True)
class PollError:
    """A health check op that fails."""


@dataclass(frozen=True)
class SlowPoll:
    """A health check that takes this many seconds."""

    seconds: float


PsFault = Rss | Recovered | HealthBytes | PollError | SlowPoll


class FaultLedger:
    """Record of the declared faults that were triggered, each known by where it is declared."""

    def __init__(self) -> None:
        self._triggered: dict[str, bool] = {}

    def declare(self, place: str) -> None:
        """Add a fault, which hasn't been triggered yet."""
        self._triggered[place] = False

    def mark_triggered(self, place: str) -> None:
        """Record that a fault was triggered."""
        self._triggered[place] = True

    def triggered(self) -> dict[str, bool]:
        """Return every declared fault in order, and whether it was triggered."""
        return dict(self._triggered)
