"""Records that need a look, grouped by what is probably one cause.

Scenarios whose first difference is alike (the channel, the kind of event, the lane, and what is
extra, missing or changed) are one cause, however many they are. So are those in which the same
lane has an extra event, or lacks one, of different kinds, if the same side breaks the same
expectation first: what is reported once too often is an event of a report here, and only a line of
a log there. The smallest of them, by the events of its trace, shows it best, in the words that
most of them have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from parity.verdict.compare import ORDER, Difference
from parity.verdict.record import EXIT_CODES, Record, Verdict

_INDEX: Final = re.compile(r"\d+")
"""What tells lanes, places and values of one sort apart: it is no part of a cause."""


@dataclass(frozen=True)
class Cause:
    """A verdict, what is wrong, and the records that show it, the smallest trace first.

    Records that ``what`` describes come first; others of the same cause follow.
    """

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
    groups: list[tuple[set[_Sign], list[Record]]] = []
    for record in records:
        if EXIT_CODES[record.verdict]:
            signs, group = set(_signs(record)), [record]
            for joined in [each for each in groups if each[0] & signs]:
                groups.remove(joined)
                signs, group = joined[0] | signs, joined[1] + group
            groups.append((signs, group))
    causes = (_cause(group) for _, group in groups)
    return tuple(sorted(causes, key=lambda cause: (-len(cause.records), cause.what)))


def _cause(group: Sequence[Record]) -> Cause:
    """Return these records as one cause, described as most of them show it."""
    counts = Counter(map(what_is_wrong, group))
    what = min(counts, key=lambda each: (-counts[each], each))
    ordered = sorted(group, key=lambda record: (what_is_wrong(record) != what, _size(record)))
    return Cause(group[0].verdict, what, tuple(ordered))


_Sign = tuple[str, ...]
"""What two records that are of one cause have in common."""


def _signs(record: Record) -> Iterator[_Sign]:
    yield record.verdict, what_is_wrong(record)
    if record.differences and record.broken:
        change, broken = _change(record.differences[0]), record.broken[0]
        if change.name in {"extra", "missing"}:
            path = _INDEX.sub("N", broken.unmet.path)
            yield record.verdict, change.name, change.lane, broken.player, path


def what_is_wrong(record: Record) -> str:
    """Return what is wrong in a few words, the same for each scenario that shows it."""
    if record.differences:
        return str(_change(record.differences[0]))
    if record.broken:
        first = record.broken[0]
        return f"{first.player} broke {_INDEX.sub('N', first.unmet.path)}"
    return record.reasons[0].partition("\n")[0] if record.reasons else "no reason is known"


@dataclass(frozen=True)
class _Change:
    """How the peer's events differ from the reference's; ``words`` say it of these kinds."""

    name: Literal["order", "extra", "missing", "kind", "fields"]
    lane: str
    words: str

    def __str__(self) -> str:
        return self.words if self.name == "order" else f"{self.words} on {self.lane}"


def _change(difference: Difference) -> _Change:
    ours, theirs = difference.reference, difference.peer
    lane = _INDEX.sub("N", difference.lane)
    if difference.channel == ORDER and ours is not None and theirs is not None:
        return _Change("order", lane, f"{ours.kind} and {theirs.kind} in opposite order")
    if ours is None or (difference.after_peer[:1] == (ours,) and theirs is not None):
        assert theirs is not None, "one side has an event"
        return _Change("extra", lane, f"one more {theirs.kind}")
    if theirs is None or difference.after_reference[:1] == (theirs,):
        return _Change("missing", lane, f"a {ours.kind} is missing")
    if ours.kind != theirs.kind:
        return _Change("kind", lane, f"{theirs.kind} instead of {ours.kind}")
    before, after = ours.model_dump(), theirs.model_dump()
    changed = [name for name in before if before[name] != after.get(name)]
    return _Change("fields", lane, f"another {' and '.join(changed)} of {ours.kind}")


def _size(record: Record) -> tuple[int, str]:
    return 0 if record.trace is None else len(record.trace.events), record.scenario
