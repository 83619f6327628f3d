"""The kill matrix as a table, a bug a row: for a terminal, and for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.table import Table

from parity.killing.matrix import AnyResult, Explored, Fuzzed, Key, Kill
from parity.killing.planted import PlantedBug
from parity.killing.ways import Way

_NAMED: Final = 3
"""So many scenarios that caught a bug are named."""
_TITLES: Final[dict[Way, tuple[str, ...]]] = {
    "catalogue": ("caught by", "scenarios"),
    "fuzz": ("fuzz", "symptom"),
    "explore": ("explore",),
}


def table(bugs: Sequence[PlantedBug], ways: Sequence[Way], known: Mapping[Key, AnyResult]) -> Table:
    """The matrix, for a terminal."""
    shown = Table("bug", "side", *_titles(ways), title="Kill matrix")
    for bug in bugs:
        shown.add_row(bug.name, bug.side, *_cells(bug, ways, known))
    return shown


def markdown(
    bugs: Sequence[PlantedBug], ways: Sequence[Way], known: Mapping[Key, AnyResult]
) -> str:
    """The matrix, for a page; with what is wrong."""
    titles = ("bug", "side", "what is wrong", *_titles(ways))
    rows = [titles, ("---",) * len(titles)]
    rows += [(f"`{bug.name}`", bug.side, bug.about, *_cells(bug, ways, known)) for bug in bugs]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _titles(ways: Sequence[Way]) -> tuple[str, ...]:
    return tuple(title for way in ways for title in _TITLES[way])


def _cells(bug: PlantedBug, ways: Sequence[Way], known: Mapping[Key, AnyResult]) -> tuple[str, ...]:
    return tuple(cell for way in ways for cell in _cells_of(known[bug.name, way]))


def _cells_of(result: AnyResult) -> tuple[str, ...]:
    match result:
        case Kill():
            names = ", ".join(result.scenarios[:_NAMED])
            more = ", ..." if result.caught > _NAMED else ""
            return "survived" if result.survived else result.gist, names + more
        case Fuzzed():
            return result.gist, result.symptom
        case Explored():
            return (result.gist,)
