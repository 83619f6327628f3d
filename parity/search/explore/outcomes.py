"""The set of a scenario's outcomes on one side, over all schedules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from parity.base.model import canonical_json
from parity.base.problems import PortUnavailableError, UsageError
from parity.players.outcome import Failed, Outcome, Played, Player, Refusal, Skipped
from parity.players.remote import play_each
from parity.search.explore.search import Search, Visit
from parity.spec.loading import ScenarioFile
from parity.spec.ordering import sequences
from parity.spec.schedules import Choice, Schedule, schedule_name
from parity.spec.trace import Trace, event_to_json

Kind = Literal["trace", "deadlock", "stalled", "failed"]


@dataclass(frozen=True)
class Ending:
    """The end of a play: a trace, or a message that says why there is none.

    Two plays ended alike if their ``key`` is the same. For traces it is the order on each
    lane, and of causes and effects between lanes; the order of lanes that are independent of
    each other is what schedules vary.
    """

    kind: Kind
    key: str
    trace: Trace | None = None
    message: str = ""


def ending_of(outcome: Outcome) -> Ending:
    """Return the ending of a play with a schedule.

    Raises:
        UsageError: The player gives only summaries.
        PortUnavailableError: The player lacks something, or stopped working.
    """
    match outcome:
        case Played(trace):
            return Ending("trace", _what_is_compared(trace), trace)
        case Failed("refused", message, refusal=Refusal("deadlock" | "stalled" as kind)):
            return Ending(kind, kind, message=message)
        case Failed("refused", message):
            return Ending("failed", message, message=message)
        case Failed(failure, message, log_tail):
            raise PortUnavailableError(f"{failure}: {message}\n{log_tail}".rstrip())
        case Skipped(reason):
            raise PortUnavailableError(f"this can't be explored: {reason}")
        case _:
            raise UsageError("this can't be explored: it gives only summaries")


def _what_is_compared(trace: Trace) -> str:
    named = sequences(trace.events, "lanes")
    return canonical_json(
        {name: [event_to_json(event) for event in events] for name, events in named.items()}
    )


@dataclass
class CountedOutcome:
    """An outcome, the first schedule that led to it, and the number of schedules that did."""

    ending: Ending
    schedule: Schedule
    switches: int
    count: int = 0

    @property
    def name(self) -> str:
        """Name of the first schedule."""
        return schedule_name(self.schedule)


@dataclass
class ExploredSide:
    """One player's outcomes of one scenario, as far as they have been explored."""

    player: Player
    file: ScenarioFile
    outcomes: dict[str, CountedOutcome] = field(default_factory=dict)
    longest: int = 0
    """The largest number of choice points in a play."""

    def __post_init__(self) -> None:
        self.search: Search[Ending] = Search(self._play)

    def _play(self, schedules: Iterable[Schedule]) -> Iterator[tuple[Ending, tuple[Choice, ...]]]:
        for outcome in play_each(self.player, self.file, schedules):
            choices = getattr(outcome, "choices", ())
            self.longest = max(self.longest, len(choices))
            yield ending_of(outcome), choices

    def take(self, visit: Visit[Ending]) -> None:
        """Count the outcome of one schedule."""
        seen = self.outcomes.setdefault(
            visit.result.key, CountedOutcome(visit.result, visit.schedule, visit.switches)
        )
        seen.count += 1

    @property
    def default(self) -> CountedOutcome:
        """Outcome of the default order."""
        return next(iter(self.outcomes.values()))

    @property
    def stuck(self) -> list[CountedOutcome]:
        """Outcomes in which the play couldn't go on."""
        return [seen for seen in self.outcomes.values() if seen.ending.kind != "trace"]
