"""Comparison of two traces: the first difference of each channel, and of the order.

Within a channel each lane's events are compared in order, including their times. The
order of the events of all channels that agree is then compared, as far as the ordering of
both traces allows (parity.spec.ordering, BEHAVIOUR B78).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Final, Literal

from pydantic import Field

from parity.base.model import Model, canonical_json
from parity.base.problems import UsageError, did_you_mean
from parity.spec.ordering import Ordering, sequences
from parity.spec.trace import (
    CHANNEL_OF_KIND,
    CHANNELS,
    Channel,
    Event,
    Trace,
    WrittenEvent,
    event_text,
)
from parity.spec.untimed import untimed

ComparedChannel = Channel | Literal["order"]
"""A channel of events, or their order across channels and lanes."""

ORDER: Final = "order"
COMPARED_CHANNELS: Final[tuple[ComparedChannel, ...]] = (*CHANNELS, ORDER)
_NEIGHBOURS: Final = 2


def parse_channels(text: str | None) -> tuple[ComparedChannel, ...]:
    """Return the channels of a text such as ``reports,barrier``, in their canonical order.

    None is all channels.

    Raises:
        UsageError: A name isn't a channel, or there is none.
    """
    if text is None:
        return COMPARED_CHANNELS
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if word not in COMPARED_CHANNELS:
            raise UsageError(
                f"--channels {text}: expected names out of {', '.join(COMPARED_CHANNELS)}, "
                f"got {word!r}{did_you_mean(word, COMPARED_CHANNELS)}"
            )
    return tuple(channel for channel in COMPARED_CHANNELS if channel in words)


def shared_channels(
    wanted: Sequence[ComparedChannel], has: Collection[Channel]
) -> tuple[ComparedChannel, ...]:
    """Return the wanted channels without those that a player doesn't have."""
    return tuple(channel for channel in wanted if channel == ORDER or channel in has)


class Difference(Model):
    """The first event of a channel that differs between the sides.

    ``reference`` and ``peer`` are the two events, None if a side has no further event on that
    lane. ``before`` are the last events of the channel that both sides share on the lane, and
    ``after_*`` the next events of each side. In the channel ``order`` both sides have both
    events, in opposite order; ``lane`` is the lane of the reference's event.
    """

    channel: ComparedChannel
    ms: int
    lane: str
    reference: WrittenEvent | None
    peer: WrittenEvent | None
    before: tuple[WrittenEvent, ...] = ()
    after_reference: tuple[WrittenEvent, ...] = ()
    after_peer: tuple[WrittenEvent, ...] = ()

    def identity(self) -> str:
        """Return a text that is equal for the same difference of another run."""
        return canonical_json([_text(self.reference), _text(self.peer)])

    def sentence(self, mark: str = "") -> str:
        """Return one line that says what each side has, with ``mark`` after the place."""
        at = f"at {self.ms} ms on lane {self.lane}{mark}"
        reference, peer = _text(self.reference), _text(self.peer)
        if self.channel == ORDER:
            return (
                f"first difference {at}: reference has {reference} before {peer}, "
                f"peer has {peer} before {reference}"
            )
        return (
            f"first difference {at}: reference {reference or 'has nothing more'}, "
            f"peer {peer or 'has nothing more'}"
        )


class Comparison(Model):
    """The result of comparing two traces: what was compared, and where the sides differ.

    ``ordering`` is None if there were no traces. ``compared`` are the channels on which
    either side has an event, and ``order`` if the ordering compares it. ``agreements``
    counts equal events by channel.
    """

    ordering: Ordering | None = None
    compared: tuple[ComparedChannel, ...] = ()
    agreements: dict[Channel, int] = Field(default_factory=dict)
    differences: tuple[Difference, ...] = ()


def compare(
    reference: Trace,
    peer: Trace,
    ordering: Ordering = "total",
    channels: Collection[ComparedChannel] = COMPARED_CHANNELS,
) -> Comparison:
    """Compare these channels of two traces of the same scenario."""
    if ordering == "untimed":
        reference, peer = untimed(reference), untimed(peer)
    earliest = _Earliest(reference, peer)
    agreements: dict[Channel, int] = {}
    found: list[Difference] = []
    compared: list[ComparedChannel] = []
    alike: set[Channel] = set()
    for channel in (each for each in CHANNELS if each in channels):
        left, right = _by_lane(reference, channel), _by_lane(peer, channel)
        if left or right:
            compared.append(channel)
        difference = earliest.of(
            _first_difference(channel, left.get(lane, []), right.get(lane, []))
            for lane in sorted({*left, *right})
        )
        if difference is None:
            alike.add(channel)
        else:
            found.append(difference)
        agreements[channel] = sum(
            a == b
            for lane, ours in left.items()
            for a, b in zip(ours, right.get(lane, ()), strict=False)
        )
    if ORDER in channels and ordering != "untimed":
        compared.append(ORDER)
        difference = earliest.of(_order_differences(reference, peer, ordering, alike))
        if difference is not None:
            found.append(difference)
    return Comparison(
        ordering=ordering,
        compared=tuple(compared),
        agreements=agreements,
        differences=tuple(sorted(found, key=earliest.place)),
    )


class _Earliest:
    """The order of differences: by time, and at one time by where a trace has the event.

    So the cause leads, and not one of the lanes that it shows on.
    """

    def __init__(self, *traces: Trace) -> None:
        self._places = {id(event): i for each in traces for i, event in enumerate(each.events)}

    def of(self, differences: Iterable[Difference | None]) -> Difference | None:
        """Return the earliest of those that there are."""
        return min(filter(None, differences), key=self.place, default=None)

    def place(self, difference: Difference) -> tuple[int, int]:
        """Return what differences are sorted by."""
        events = (difference.reference, difference.peer)
        return difference.ms, min(self._places[id(event)] for event in events if event is not None)


def _order_differences(
    reference: Trace, peer: Trace, ordering: Ordering, alike: Collection[Channel]
) -> Iterator[Difference | None]:
    """Yield the first two events of agreeing channels that the sides have in opposite order."""
    left, right = (
        sequences(
            (event for event in trace.events if CHANNEL_OF_KIND[event.kind] in alike), ordering
        )
        for trace in (reference, peer)
    )
    # Channels that agree have the same events on the same lanes, so both have the same names.
    return (_first_difference(ORDER, left[name], right[name]) for name in left)


def _by_lane(trace: Trace, channel: Channel) -> dict[str, list[Event]]:
    lanes: dict[str, list[Event]] = {}
    for event in trace.channel(channel):
        lanes.setdefault(event.lane, []).append(event)
    return lanes


def _first_difference(
    channel: ComparedChannel, ours: list[Event], theirs: list[Event]
) -> Difference | None:
    for i, (a, b) in enumerate(zip_longest(ours, theirs)):
        if a != b:
            first = a or b
            assert first is not None
            return Difference(
                channel=channel,
                ms=min(event.ms for event in (a, b) if event is not None),
                lane=first.lane,
                reference=a,
                peer=b,
                before=tuple(ours[max(0, i - _NEIGHBOURS) : i]),
                after_reference=tuple(ours[i + 1 : i + 1 + _NEIGHBOURS]),
                after_peer=tuple(theirs[i + 1 : i + 1 + _NEIGHBOURS]),
            )
    return None


def _text(event: Event | None) -> str | None:
    return None if event is None else event_text(event)
