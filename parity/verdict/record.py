"""The verdict on one scenario after both sides have played it."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, field_serializer

from parity.base.model import Model
from parity.players.outcome import Maker
from parity.spec.injections import Injection
from parity.spec.names import ScenarioName
from parity.spec.ordering import Ordering
from parity.spec.scenario import Cluster
from parity.spec.trace import Channel, Trace
from parity.verdict.compare import ComparedChannel, Difference
from parity.verdict.expectations import Unmet

Verdict = Literal[
    "agree",
    "partial",
    "known",
    "differs",
    "unexpected",
    "stale",
    "nondeterministic",
    "failed",
    "skipped",
    "not run",
]

Side = Literal["reference", "peer"]

EXIT_CODES: Final[dict[Verdict, int]] = {
    "agree": 0,
    "partial": 0,
    "known": 0,
    "skipped": 0,
    "not run": 0,
    "differs": 1,
    "unexpected": 1,
    "stale": 1,
    "nondeterministic": 1,
    "failed": 3,
}


MEANINGS: Final[dict[Verdict, str]] = {
    "agree": "Every channel and the order of all events are equal, and both sides meet what "
    "is expected.",
    "partial": "What was compared is equal, and something wasn't compared: it is named.",
    "known": "The sides differ as scenarios/known_differences.yaml lists it, with a reason.",
    "differs": "The sides differ; the first difference of each channel is named.",
    "unexpected": "The sides agree, and one broke what the scenario's author expects.",
    "stale": "A known difference is gone or is another one now, or a recording no longer "
    "matches what it was made from.",
    "nondeterministic": "A side, played again, gave another trace.",
    "failed": "A driver crashed, hung, answered nonsense or the wrong request, or gave up.",
    "skipped": "A side lacks something that the scenario needs, and says what.",
    "not run": "A filter left it out, or the run was interrupted before it.",
}
"""The meaning of each verdict."""


class BrokenExpectation(Model):
    """A hand-written expectation, the side that didn't meet it, and its line in the file."""

    player: str
    unmet: Unmet
    line: int | None = None


class Record(Model):
    """The verdict on one scenario, with everything that a reader needs to act on it.

    ``reasons`` are whole sentences, the most important first. ``ordering`` is how far the
    order of events was compared, None if there were no traces. ``compared`` are the channels
    on which there was something to compare, ``agreements`` counts equal events by channel,
    and ``not_compared`` names the channels that were left out. ``log_tail`` is the end of what
    drivers logged, and ``yaml`` the text of the file. ``trace`` is the reference's, and
    ``peer_trace`` is ``same`` if the peer's equals it; each is None if that side returned none.
    ``cached`` are the sides whose trace an earlier run had played and the cache kept.
    """

    scenario: ScenarioName
    file: str
    about: str
    covers: tuple[str, ...]
    digest: str
    reference: str
    peer: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    broken: tuple[BrokenExpectation, ...] = ()
    ordering: Ordering | None = None
    compared: tuple[ComparedChannel, ...] = ()
    agreements: dict[Channel, int] = Field(default_factory=dict)
    not_compared: tuple[str, ...] = ()
    log_tail: str = ""
    replay: str
    seconds: float = 0.0
    yaml: str = ""
    cluster: Cluster = Cluster()
    injections: tuple[Injection, ...] = ()
    trace: Trace | None = None
    peer_trace: Trace | Literal["same"] | None = None
    reference_by: Maker | None = None
    peer_by: Maker | None = None
    cached: tuple[Side, ...] = ()

    @field_serializer("trace", "peer_trace")
    def _as_trace_files_have_it(self, value: Trace | str | None) -> Any:
        return value.to_json() if isinstance(value, Trace) else value

    def peer_events(self) -> Trace | None:
        """Return the peer's trace, also if it equals the reference's."""
        return self.trace if self.peer_trace == "same" else self.peer_trace


COMPARED: Final[frozenset[Verdict]] = frozenset(
    {"agree", "partial", "known", "differs", "unexpected", "nondeterministic"}
)
"""Verdicts that rest on a comparison; ``stale`` may be a recording that wasn't compared."""


def was_compared(record: Record) -> bool:
    """Return True if the verdict rests on a comparison of both sides."""
    return record.verdict in COMPARED or bool(record.compared)


def exit_code(verdicts: list[Verdict]) -> int:
    """Return the worst exit code; a failure to play outweighs a difference."""
    return max((EXIT_CODES[verdict] for verdict in verdicts), default=0)
