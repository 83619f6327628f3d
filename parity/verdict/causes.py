"""Records that need a look, grouped by what is probably one cause.

Scenarios whose first difference is alike (the channel, the kind of event, the lane, and what is
extra, missing or changed) are one cause, however many they are. The smallest of them, by the
events of its trace, shows it best.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from parity.verdict.compare import ORDER, Difference
from parity.verdict.record import EXIT_CODES, Record, Verdict

_INDEX: Final = re.compile(r"\d+")
"""What tells lanes, places and values of one sort apart: it is no part of a cause."""


@dataclass(frozen=True)
class Cause:
    """A verdict, what is wrong, and the records that show it, the smallest trace first."""

    verdict: Verdict
    what: str
    records: tuple[Record, ...]

    @property
    def smallest(self) -> Record:
        """The record that shows it with the fewest events."""
        return self.records[0]

    def __str__(self) -> str:
        verb = "differ" if self.verdict == "differs" else self.verdict
        count, smallest = len(self.records), self.smallest.scenario
        return f"{count} {verb}: {self.what}; smallest: {smallest}"


def causes_of(records: Iterable[Record]) -> tuple[Cause, ...]:
    """Group the records whose verdict isn't well; what most of them show comes first."""
    groups: dict[tuple[Verdict, str], list[Record]] = {}
    for record in records:
        if EXIT_CODES[record.verdict]:
            groups.setdefault((record.verdict, what_is_wrong(record)), []).append(record)
    causes = (
        Cause(verdict, what, tuple(sorted(group, key=_size)))
        for (verdict, what), group in groups.items()
    )
    return tuple(sorted(causes, key=lambda cause: (-len(cause.records), cause.what)))


def what_is_wrong(record: Record) -> str:
    """Return what is wrong in a few words, the same for each scenario that shows it."""
    if record.differences:
        return _of_difference(record.differences[0])
    if record.broken:
        first = record.broken[0]
        return f"{first.player} broke {_INDEX.sub('N', first.unmet.path)}"
    return record.reasons[0].partition("\n")[0] if record.reasons else "no reason is known"


def _of_difference(difference: Difference) -> str:
    ours, theirs = difference.reference, difference.peer
    lane = _INDEX.sub("N", difference.lane)
    if difference.channel == ORDER and ours is not None and theirs is not None:
        return f"{ours.kind} and {theirs.kind} in opposite order"
    if ours is None or (difference.after_peer[:1] == (ours,) and theirs is not None):
        assert theirs is not None, "one side has an event"
        return f"one more {theirs.kind} on {lane}"
    if theirs is None or difference.after_reference[:1] == (theirs,):
        return f"a {ours.kind} is missing on {lane}"
    if ours.kind != theirs.kind:
        return f"{theirs.kind} instead of {ours.kind} on {lane}"
    before, after = ours.model_dump(), theirs.model_dump()
    changed = [name for name in before if before[name] != after.get(name)]
    return f"another {' and '.join(changed)} of {ours.kind} on {lane}"


def _size(record: Record) -> tuple[int, str]:
    return 0 if record.trace is None else len(record.trace.events), record.scenario
