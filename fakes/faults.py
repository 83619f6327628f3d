"""The faults of a fake PS, and a ledger of which declared faults have struck."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rss:
    """The resident memory is this many bytes."""

    bytes: int


@dataclass(frozen=True)
class Recovered:
    """The memory is what it was first, and no other fault is left."""


@dataclass(frozen=True)
class HealthBytes:
    """The health check gives these bytes instead of the truth."""

    data: bytes


@dataclass(frozen=True)
class PollError:
    """The health check op fails."""


@dataclass(frozen=True)
class SlowPoll:
    """The health check takes this many seconds."""

    seconds: float


PsFault = Rss | Recovered | HealthBytes | PollError | SlowPoll


class FaultLedger:
    """Which of the declared faults have struck; a fault is known by where it is declared."""

    def __init__(self) -> None:
        self._struck: dict[str, bool] = {}

    def declare(self, place: str) -> None:
        """Expect a fault; it hasn't struck yet."""
        self._struck[place] = False

    def strike(self, place: str) -> None:
        """Note that a fault was met."""
        self._struck[place] = True

    def struck(self) -> dict[str, bool]:
        """Every declared fault, in order."""
        return dict(self._struck)
