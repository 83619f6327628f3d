"""Results by planted bug, in a file of JSON lines that a later run continues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter
from rich.table import Table

from parity.base.json_lines import read_records
from parity.base.model import Model
from parity.base.terminal_text import counted
from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.planted.explored import UnexpectedOutcomes
from parity.mutation.planted.fuzzed import Hunt
from parity.mutation.planted.planted import JudgeWay, Language, PlantedBug, Way

_NAMED: Final = 3
"""Up to this many scenarios that caught a bug are named."""
_TITLES: Final[dict[Way, tuple[str, ...]]] = {
    "catalogue": ("caught by", "scenarios"),
    "interop": ("interop",),
    "contracts": ("contracts",),
    "fuzz": ("fuzz", "symptom"),
    "explore": ("explore",),
}


_SHOWN: Final = 5


class BugResult(Model):
    """One planted bug, looked for in one way.

    ``basis`` is the digest of everything that this depends on.
    """

    bug: str
    side: Language
    basis: str
    seconds: float = 0.0


class Kill(BugResult):
    """The catalogue's result.

    ``scenarios`` are the first that caught it, of ``caught`` in ``played``; not all of the
    catalogue is played if the mutant hangs. ``reason`` is the message of the first one.
    """

    way: Literal["catalogue"] = "catalogue"
    scenarios: tuple[str, ...]
    caught: int
    played: int
    reason: str = ""

    @property
    def survived(self) -> bool:
        """True if no scenario noticed."""
        return self.caught == 0

    @property
    def gist(self) -> str:
        """A short description of the result."""
        return f"{self.caught} of {self.played}"


class Judged(BugResult):
    """The result of interop or the contracts: the first failure, and its message."""

    way: JudgeWay
    by: str = ""
    reason: str = ""

    @property
    def survived(self) -> bool:
        """True if none was red."""
        return not self.by

    @property
    def gist(self) -> str:
        """A short description of the result."""
        return self.by or f"none of {self.way}"


class Fuzzed(BugResult):
    """The fuzzer's result: ``first`` is the scenario that showed the bug, counted from 1.

    ``steps`` is the number of steps in the smallest scenario that was made of it, which shows
    ``symptom``; None if it couldn't be made small.
    """

    way: Literal["fuzz"] = "fuzz"
    seed: int
    first: int | None
    played: int
    steps: int | None = None
    symptom: str = ""

    @property
    def survived(self) -> bool:
        """True if no scenario showed it."""
        return self.first is None and not self.symptom

    @property
    def gist(self) -> str:
        """A short description of the result."""
        if self.survived:
            return f"none of {self.played}"
        if self.steps is None:
            return "caught"
        return f"{counted(self.steps, 'step')}, after {self.first}"


class Explored(BugResult):
    """Exploring's result: the scenarios with further outcomes, and a schedule of the first."""

    way: Literal["explore"] = "explore"
    scenarios: tuple[str, ...]
    schedule: str
    schedules: int

    @property
    def survived(self) -> bool:
        """True if every outcome is one of the reference's."""
        return not self.scenarios and not self.schedule

    @property
    def gist(self) -> str:
        """A short description of the result."""
        if self.survived:
            return f"none of {counted(self.schedules, 'schedule')}"
        more = ", ..." if len(self.scenarios) > 1 else ""
        return ", ".join([*self.scenarios[:1], self.schedule]) + more


AnyResult = Kill | Judged | Fuzzed | Explored
_LINE: Final[TypeAdapter[AnyResult]] = TypeAdapter(AnyResult)

Key = tuple[str, Way]
"""A bug's name, and the way in which it was looked for."""


def key_of(result: AnyResult) -> Key:
    """Return the key of a result."""
    return result.bug, result.way


def kill_of(bug: PlantedBug, basis: str, seen: Iterable[ScenarioResult], seconds: float) -> Kill:
    """Sum up what the scenarios showed of a bug."""
    seen = list(seen)
    bad = [each for each in seen if each.bad]
    return Kill(
        bug=bug.name,
        side=bug.side,
        basis=basis,
        scenarios=tuple(each.scenario for each in bad[:_SHOWN]),
        caught=len(bad),
        played=len(seen),
        reason=bad[0].reason if bad else "",
        seconds=round(seconds, 1),
    )


def judged_of(
    bug: PlantedBug,
    basis: str,
    way: JudgeWay,
    red: tuple[str, str] | None,
    seconds: float,
) -> Judged:
    """Sum up what interop or the contracts showed of a bug."""
    by, reason = red or ("", "")
    return Judged(
        bug=bug.name,
        side=bug.side,
        basis=basis,
        way=way,
        by=by.removeprefix(f"{way}: "),
        reason=reason,
        seconds=round(seconds, 1),
    )


def fuzzed_of(bug: PlantedBug, basis: str, seed: int, hunt: Hunt, seconds: float) -> Fuzzed:
    """Sum up what the fuzzer showed of a bug."""
    finding = hunt.finding
    return Fuzzed(
        bug=bug.name,
        side=bug.side,
        basis=basis,
        seed=seed,
        first=hunt.first,
        played=hunt.played,
        steps=finding.steps if finding else None,
        symptom=str(finding.symptom) if finding else hunt.ended,
        seconds=round(seconds, 1),
    )


def explored_of(
    bug: PlantedBug, basis: str, beyond: UnexpectedOutcomes, seconds: float
) -> Explored:
    """Sum up what exploring showed of a bug."""
    return Explored(
        bug=bug.name,
        side=bug.side,
        basis=basis,
        scenarios=beyond.scenarios,
        schedule=beyond.schedule or beyond.ended,
        schedules=beyond.schedules,
        seconds=round(seconds, 1),
    )


def read_results(path: Path) -> Iterator[AnyResult]:
    """Yield the results of earlier runs, if there were any.

    Raises:
        UsageError: The file isn't one of results.
    """
    return read_records(path, _LINE, "result of killmatrix")


def kill_table(
    bugs: Sequence[PlantedBug], ways: Sequence[Way], known: Mapping[Key, AnyResult]
) -> Table:
    """Return the matrix for a terminal."""
    shown = Table("bug", "side", "breaks", *_titles(ways), title="Kill matrix")
    for bug in bugs:
        shown.add_row(bug.name, bug.side, bug.breaks, *_cells(bug, ways, known))
    return shown


def markdown(
    bugs: Sequence[PlantedBug], ways: Sequence[Way], known: Mapping[Key, AnyResult]
) -> str:
    """Return the matrix for a page, with a description of each bug."""
    titles = ("bug", "side", "breaks", "what is wrong", *_titles(ways))
    rows = [titles, ("---",) * len(titles)]
    rows += [
        (f"`{bug.name}`", bug.side, bug.breaks, bug.about, *_cells(bug, ways, known))
        for bug in bugs
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _titles(ways: Sequence[Way]) -> tuple[str, ...]:
    return tuple(title for way in ways for title in _TITLES[way])


def _cells(bug: PlantedBug, ways: Sequence[Way], known: Mapping[Key, AnyResult]) -> tuple[str, ...]:
    return tuple(
        cell for way in ways for cell in _cells_of(known.get((bug.name, way)), len(_TITLES[way]))
    )


def _cells_of(result: AnyResult | None, count: int) -> tuple[str, ...]:
    match result:
        case None:
            return ("",) * count  # Another way had caught it.
        case Kill():
            names = ", ".join(result.scenarios[:_NAMED])
            more = ", ..." if result.caught > _NAMED else ""
            return "survived" if result.survived else result.gist, names + more
        case Fuzzed():
            return result.gist, result.symptom
        case Judged() | Explored():
            return ("survived" if result.survived else result.gist,)
