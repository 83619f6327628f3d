"""The possible outcomes of playing a scenario."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from parity.base.model import Model
from parity.spec.faults import Need
from parity.spec.loading import ScenarioFile
from parity.spec.ordering import Ordering
from parity.spec.protocol import RefusalReason
from parity.spec.scenario import Expect
from parity.spec.schedules import Choice, Schedule
from parity.spec.trace import Channel, Trace


class Maker(Model):
    """The implementation that made a trace, with the digest of its sources if it has one."""

    implementation: str
    language: str
    version: str
    source_digest: str | None = None


@dataclass(frozen=True)
class Played:
    """A trace, its maker, and its choice points if it was played with a schedule.

    ``late`` has each step that took longer than its ``within``; ``ordering`` is how far the
    order of the trace can be compared; ``cached`` that it was played before, by another process
    perhaps; ``log`` is the end of what the player logged meanwhile. Two of these are equal if
    their traces are.
    """

    trace: Trace
    by: Maker | None = field(default=None, compare=False)
    choices: tuple[Choice, ...] = field(default=(), compare=False)
    late: tuple[Late, ...] = field(default=(), compare=False)
    ordering: Ordering = field(default="total", compare=False)
    cached: bool = field(default=False, compare=False)
    log: str = field(default="", compare=False)


@dataclass(frozen=True)
class Late:
    """A step that exceeded its bound: its place, and both times in milliseconds of the scenario."""

    place: str
    within: int
    took: int


@dataclass(frozen=True)
class Summarized:
    """A port's partial summary; only the keys that are set."""

    summary: Expect


@dataclass(frozen=True)
class Skipped:
    """The player lacks a capability that the scenario needs."""

    reason: str


Failure = Literal["crashed", "hung", "garbage", "wrong seq", "refused", "stale", "missing"]


@dataclass(frozen=True)
class Refusal:
    """The reason why a working player couldn't finish a scenario, and the impossible step."""

    reason: RefusalReason
    step: int | None = None


@dataclass(frozen=True)
class Failed:
    """A failure without a trace: its kind, the message, and the last lines of the player's log.

    ``refusal`` is set for the failure ``refused``.
    """

    failure: Failure
    message: str
    log_tail: str = ""
    choices: tuple[Choice, ...] = field(default=(), compare=False)
    refusal: Refusal | None = None


Outcome = Played | Summarized | Skipped | Failed


IN_VIRTUAL_TIME: Final[frozenset[Need]] = frozenset({"injection", "exact_time", "exact_memory"})
"""The capabilities of every player with a virtual clock and fake machines."""
WITH_OPTIONS: Final[frozenset[Need]] = IN_VIRTUAL_TIME | frozenset[Need]({"options"})
"""Those of one that has the options which the original doesn't have (docs/production.md)."""


class Player(Protocol):
    """An opened player of one implementation."""

    @property
    def name(self) -> str:
        """The player's name in reports."""

    @property
    def can(self) -> frozenset[Need]:
        """The capabilities that not every player has."""

    @property
    def channels(self) -> Collection[Channel]:
        """The channels that its traces have events for."""

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Play one scenario; the same scenario and seed, or schedule, give the same trace.

        Raises:
            PortUnavailableError: The player can't play any more.
        """

    def close(self) -> str | None:
        """Release all resources, and return what went wrong or None."""
