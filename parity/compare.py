"""Where two traces differ: channel by channel, and in each the first difference.

Within a channel each lane's events are compared in order, times included; the
order between lanes at one instant isn't (docs/trace-format.md).
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Final, get_args

from parity.model import Model, canonical_json
from parity.players.outcome import Timing
from parity.trace import Channel, Event, Trace, event_to_json
from parity.untimed import untimed

CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
_NEIGHBOURS: Final = 2


class Difference(Model):
    """The first event of a channel that isn't the same on both sides.

    ``reference`` and ``peer`` are the two events as canonical JSON, None where a
    side has no further event on that lane. ``before`` are the last events of the
    channel that both still share on it, ``after_*`` what each side has next.
    """

    channel: Channel
    ms: int
    lane: str
    reference: str | None
    peer: str | None
    before: tuple[str, ...] = ()
    after_reference: tuple[str, ...] = ()
    after_peer: tuple[str, ...] = ()

    def identity(self) -> str:
        """What makes it the same difference another time."""
        return canonical_json([self.reference, self.peer])


class Comparison(Model):
    """What came of comparing two traces: equal events by channel, first differences."""

    agreements: dict[Channel, int]
    differences: tuple[Difference, ...]


def compare(reference: Trace, peer: Trace, timing: Timing = "exact") -> Comparison:
    """Compare two traces of the same scenario, by their times or only by order."""
    if timing == "order":
        reference, peer = untimed(reference), untimed(peer)
    agreements: dict[Channel, int] = {}
    differences = []
    for channel in CHANNELS:
        left, right = _by_lane(reference, channel), _by_lane(peer, channel)
        lanes = sorted({*left, *right})
        firsts = [_first_difference(channel, lane, left, right) for lane in lanes]
        found = [difference for difference in firsts if difference is not None]
        if found:
            differences.append(min(found, key=lambda each: (each.ms, each.lane)))
        agreements[channel] = sum(
            a == b
            for lane in lanes
            for a, b in zip(left.get(lane, ()), right.get(lane, ()), strict=False)
        )
    return Comparison(
        agreements=agreements,
        differences=tuple(sorted(differences, key=lambda each: (each.ms, each.lane))),
    )


def _by_lane(trace: Trace, channel: Channel) -> dict[str, list[Event]]:
    lanes: dict[str, list[Event]] = {}
    for event in trace.channel(channel):
        lanes.setdefault(event.lane, []).append(event)
    return lanes


def _first_difference(
    channel: Channel, lane: str, left: dict[str, list[Event]], right: dict[str, list[Event]]
) -> Difference | None:
    ours, theirs = left.get(lane, []), right.get(lane, [])
    for i, (a, b) in enumerate(zip_longest(ours, theirs)):
        if a != b:
            return Difference(
                channel=channel,
                ms=min(event.ms for event in (a, b) if event is not None),
                lane=lane,
                reference=None if a is None else _text(a),
                peer=None if b is None else _text(b),
                before=tuple(map(_text, ours[max(0, i - _NEIGHBOURS) : i])),
                after_reference=tuple(map(_text, ours[i + 1 : i + 1 + _NEIGHBOURS])),
                after_peer=tuple(map(_text, theirs[i + 1 : i + 1 + _NEIGHBOURS])),
            )
    return None


def _text(event: Event) -> str:
    return canonical_json(event_to_json(event))
