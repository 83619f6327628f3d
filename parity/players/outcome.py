"""What can come of asking a player for a trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from parity.loading import ScenarioFile
from parity.process_faults import Need
from parity.scenario import Expect
from parity.trace import Trace


@dataclass(frozen=True)
class Played:
    """The trace, and each step that took longer than its ``within``."""

    trace: Trace
    late: tuple[Late, ...] = ()


@dataclass(frozen=True)
class Late:
    """A step, by where it is in the scenario; in milliseconds of the scenario."""

    place: str
    within: int
    took: int


@dataclass(frozen=True)
class Summarized:
    """As much of a summary as somebody's port gave; only the keys that are set."""

    summary: Expect


@dataclass(frozen=True)
class Skipped:
    """The player lacks a capability that the scenario needs."""

    reason: str


Failure = Literal["crashed", "hung", "garbage", "wrong seq", "refused", "stale", "missing"]


@dataclass(frozen=True)
class Failed:
    """No trace came, and why: what went wrong, and the last lines of the player's log."""

    failure: Failure
    message: str
    log_tail: str = ""


Outcome = Played | Summarized | Skipped | Failed


class UnplayableError(BaseException):
    """A scenario asks for what can't be played; not an Exception, so that no hook swallows it."""


Timing = Literal["exact", "order"]
"""Whether a trace's times are exact, or only the order of what it shows (parity.compare)."""

IN_VIRTUAL_TIME: Final[frozenset[Need]] = frozenset({"injection", "exact_time", "exact_memory"})
"""What every player can that plays with a virtual clock and fake machines."""


class Player(Protocol):
    """One implementation, ready to play."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def can(self) -> frozenset[Need]:
        """What it can do of what not every player can."""

    @property
    def timing(self) -> Timing:
        """How its traces are to be compared."""

    def play(self, file: ScenarioFile, seed: int | None = None) -> Outcome:
        """Play one scenario; the same scenario and seed give the same trace."""

    def close(self) -> None:
        """Give back what it holds."""
