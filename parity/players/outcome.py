"""The possible outcomes of playing a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from parity.base.model import Model
from parity.spec.faults import Need
from parity.spec.loading import ScenarioFile
from parity.spec.ordering import Ordering
from parity.spec.protocol import RefusalReason
from parity.spec.scenario import Expect
from parity.spec.schedules import Choice, Schedule
from parity.spec.trace import Trace


class Maker(Model):
    """Which implementation a trace comes from; the digest is of its sources, if it has one."""

    implementation: str
    language: str
    version: str
    source_digest: str | None = None


@dataclass(frozen=True)
class Played:
    """A trace, whose it is, and in a play with a schedule where that had a choice.

    ``late`` is each step that took longer than its ``within``; ``ordering`` is how far the
    order of the trace can be compared. Two plays are equal if their traces are.
    """

    trace: Trace
    by: Maker | None = field(default=None, compare=False)
    choices: tuple[Choice, ...] = field(default=(), compare=False)
    late: tuple[Late, ...] = field(default=(), compare=False)
    ordering: Ordering = field(default="total", compare=False)


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
class Refusal:
    """Why a player that works played a scenario to no end; the step that can't be done."""

    reason: RefusalReason
    step: int | None = None


@dataclass(frozen=True)
class Failed:
    """No trace came, and why: what went wrong, and the last lines of the player's log.

    ``refusal`` is set of the failure ``refused``.
    """

    failure: Failure
    message: str
    log_tail: str = ""
    choices: tuple[Choice, ...] = field(default=(), compare=False)
    refusal: Refusal | None = None


Outcome = Played | Summarized | Skipped | Failed


class UnplayableError(BaseException):
    """A scenario asks for what can't be played; not an Exception, so that no hook swallows it.

    ``step`` is the index of the step of the scenario that asks for it, once it is known.
    """

    def __init__(self, message: str, step: int | None = None) -> None:
        super().__init__(message)
        self.step = step


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

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Play one scenario; the same scenario and seed, or schedule, give the same trace.

        Raises:
          PortUnavailableError: it can play nothing any more.
        """

    def close(self) -> str | None:
        """Give back what it holds; what went wrong with that."""
