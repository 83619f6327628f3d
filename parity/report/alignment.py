"""The alignment of two traces: which events are equal, and in which order to show them.

Each channel is aligned lane by lane, as ``parity.verdict.compare`` compares it first. Where the
sides differ in order, events in the other order must stand apart: then whole lanes are aligned,
or the whole traces where their whole order was compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from parity.base.model import Model, canonical_json
from parity.spec.trace import CHANNEL_OF_KIND, Event, Trace, event_to_json


class EventPair(Model):
    """Indices of an event in the two traces; one of them is None where a side has none."""

    reference: int | None
    peer: int | None


def align(
    reference: Trace, peer: Trace, by: Literal["channel", "lane", "trace"] = "channel"
) -> tuple[EventPair, ...]:
    """Return every event of both, equal ones paired, by time and then in the reference's order.

    ``by`` says what is aligned as one sequence.
    """
    ours, theirs = _groups(reference, by), _groups(peer, by)
    aligned = [
        each
        for group in dict.fromkeys([*ours, *theirs])
        for each in _align_group(
            ours.get(group, []), theirs.get(group, []), reference.events, peer.events
        )
    ]
    beside = {each.pair.peer: each.beside for each in aligned}
    anchors, last = [], -1
    for j in range(len(peer.events)):
        last = max(last, beside[j])
        anchors.append(last)

    def order(pair: EventPair) -> tuple[int, int, int]:
        if pair.reference is not None:
            return reference.events[pair.reference].ms, pair.reference, -1
        assert pair.peer is not None
        return peer.events[pair.peer].ms, anchors[pair.peer], pair.peer

    return tuple(sorted((each.pair for each in aligned), key=order))


@dataclass(frozen=True)
class _Aligned:
    """A pair, and the index of the reference's event that it belongs beside; -1 if none."""

    pair: EventPair
    beside: int


def _groups(trace: Trace, by: str) -> dict[tuple[str, ...], list[int]]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, event in enumerate(trace.events):
        key = (event.lane, CHANNEL_OF_KIND[event.kind])
        groups.setdefault({"channel": key, "lane": key[:1], "trace": ()}[by], []).append(i)
    return groups


def _align_group(
    ours: list[int], theirs: list[int], left: tuple[Event, ...], right: tuple[Event, ...]
) -> Iterator[_Aligned]:
    """Yield the pairs of one sequence; equal beginnings are paired first, as ``compare`` does."""
    a = [_text(left[i]) for i in ours]
    b = [_text(right[j]) for j in theirs]
    same = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    start = min(len(a), len(b)) if same is None else same
    for k in range(start):
        yield _Aligned(EventPair(reference=ours[k], peer=theirs[k]), ours[k])
    matcher = SequenceMatcher(None, a[start:], b[start:], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                both = EventPair(reference=ours[start + i], peer=theirs[start + j])
                yield _Aligned(both, ours[start + i])
        else:
            replaced = ours[start + i1 : start + i2]
            for i in replaced:
                yield _Aligned(EventPair(reference=i, peer=None), i)
            for k, j in enumerate(theirs[start + j1 : start + j2]):
                beside = replaced[min(k, len(replaced) - 1)] if replaced else -1
                yield _Aligned(EventPair(reference=None, peer=j), beside)


def _text(event: Event) -> str:
    return canonical_json(event_to_json(event))
