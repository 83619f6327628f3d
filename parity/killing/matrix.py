"""What is known of each planted bug: a file of JSON lines that a later run goes on with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.table import Table

from parity.json_lines import read_records
from parity.killing.catalogue import Seen
from parity.killing.planted import PlantedBug, Side
from parity.model import Model

_SHOWN: Final = 5


class Kill(Model):
    """One planted bug and what caught it.

    ``basis`` is the digest of what this depends on. ``scenarios`` are the first that
    caught it, of ``caught`` in ``played``; fewer than the catalogue are played if the
    mutant hangs. ``reason`` is what the first one said.
    """

    bug: str
    side: Side
    basis: str
    scenarios: tuple[str, ...]
    caught: int
    played: int
    reason: str = ""
    seconds: float = 0.0

    @property
    def survived(self) -> bool:
        """Whether no scenario noticed."""
        return self.caught == 0


def kill_of(bug: PlantedBug, basis: str, seen: Iterable[Seen], seconds: float) -> Kill:
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


def read_kills(path: Path) -> Iterator[Kill]:
    """What earlier runs wrote; nothing if there was none.

    Raises:
      UsageError: it is no such file.
    """
    return read_records(path, Kill, "result of killmatrix")


def table(kills: Sequence[Kill]) -> Table:
    """The matrix, a bug a row."""
    shown = Table("bug", "side", "caught by", "scenarios", title="Kill matrix")
    for kill in kills:
        count = f"{kill.caught} of {kill.played}"
        names = ", ".join(kill.scenarios) + (", ..." if kill.caught > len(kill.scenarios) else "")
        shown.add_row(kill.bug, kill.side, "survived" if kill.survived else count, names)
    return shown
