"""A scenario's story in the form of trace viewers: players with tracks of instants and slices.

Times are nanoseconds of virtual time. As a viewer would draw the many events of one instant on
top of each other, events of the same millisecond are placed a microsecond apart, in the order of
the story, which is the same for both players.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import (  # type: ignore[import-untyped]
    TracePacket,
    TrackDescriptor,
    TrackEvent,
)
from perfetto.trace_builder.proto_builder import TraceProtoBuilder  # type: ignore[import-untyped]

from parity.base.model import canonical_json
from parity.report.page.story import Row, Story, make_story
from parity.verdict.record import Record

_MS: Final = 1_000_000
_APART: Final = 1_000


@dataclass(frozen=True)
class Instant:
    """An event without duration; ``fields`` are shown when it is clicked."""

    ns: int
    name: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Slice:
    """An event with a duration."""

    begin: int
    end: int
    name: str


@dataclass
class Track:
    """One line of the viewer; its slices follow each other and don't overlap."""

    name: str
    instants: list[Instant] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)


@dataclass(frozen=True)
class PlayerTracks:
    """One player, with a track for each lane, and one for each thing that lasts on it."""

    name: str
    tracks: tuple[Track, ...]


def lay_out(record: Record) -> tuple[PlayerTracks, ...]:
    """Return the players that gave a trace, the reference first."""
    story = make_story(record)
    times = _times(story.rows)
    events = {"reference": story.reference, "peer": story.peer}
    spans = {"reference": story.spans_reference, "peer": story.spans_peer}
    if story.peer == "same":
        events["peer"], spans["peer"] = story.reference, story.spans_reference
    names = {"reference": story.reference_name, "peer": story.peer_name}
    players = []
    for side, theirs in events.items():
        if not isinstance(theirs, tuple):
            continue
        tracks = {lane: Track(lane) for lane in story.lanes}
        for row, ns in zip(story.rows, times, strict=True):
            _add_instant(tracks, story, row, side, theirs, ns)
        for span in spans[side]:
            name = f"{span.lane}: {span.kind if span.kind == 'barrier' else span.label.split()[0]}"
            end = times[-1] + _APART if span.end is None else times[span.end]
            slices = tracks.setdefault(name, Track(name)).slices
            slices.append(Slice(times[span.begin], max(end, times[span.begin] + 1), span.label))
        players.append(PlayerTracks(f"{names[side]} ({side})", tuple(tracks.values())))
    return tuple(players)


def _times(rows: tuple[Row, ...]) -> list[int]:
    times: list[int] = []
    for row in rows:
        at = row.ms * _MS
        times.append(max(at, times[-1] + _APART) if times else at)
    return times


def _add_instant(
    tracks: dict[str, Track],
    story: Story,
    row: Row,
    side: str,
    events: tuple[dict[str, Any], ...],
    ns: int,
) -> None:
    if row.fault is not None:
        fault = story.faults[row.fault]
        struck = getattr(fault, f"struck_{side}")
        fields = {"place": fault.place, "what": fault.text, "struck": struck}
        tracks[fault.lane].instants.append(Instant(ns, f"fault {fault.kind}", fields))
        return
    index = getattr(row, side)
    if index is None:
        return
    event = dict(events[index])
    lane, kind = event.pop("lane"), event.pop("kind")
    name = f"{kind} {event['method']}" if "method" in event else kind
    tracks[lane].instants.append(Instant(ns, name, event))


def chrome_trace(record: Record) -> str:
    """Return the trace of one scenario: a process for each player, a thread for each track."""
    events = [
        event for pid, player in enumerate(lay_out(record), 1) for event in _events(pid, player)
    ]
    return canonical_json({"displayTimeUnit": "ms", "traceEvents": events}) + "\n"


def _events(pid: int, player: PlayerTracks) -> list[dict[str, Any]]:
    """Return a player's events: times in microseconds, phases M metadata, i instant, X complete."""
    events: list[dict[str, Any]] = [_metadata(pid, 0, "process_name", {"name": player.name})]
    for tid, track in enumerate(player.tracks, 1):
        events.append(_metadata(pid, tid, "thread_name", {"name": track.name}))
        events.append(_metadata(pid, tid, "thread_sort_index", {"sort_index": tid}))
        events += [_instant(pid, tid, each) for each in track.instants]
        events += [_complete(pid, tid, each) for each in track.slices]
    return events


def _instant(pid: int, tid: int, instant: Instant) -> dict[str, Any]:
    where = {"pid": pid, "tid": tid, "ts": instant.ns / 1000, "s": "t"}
    return {"ph": "i", "name": instant.name, "cat": "event", "args": instant.fields, **where}


def _complete(pid: int, tid: int, each: Slice) -> dict[str, Any]:
    when = {"ts": each.begin / 1000, "dur": (each.end - each.begin) / 1000}
    return {"ph": "X", "name": each.name, "cat": "span", "args": {}, "pid": pid, "tid": tid, **when}


def _metadata(pid: int, tid: int, name: str, args: dict[str, Any]) -> dict[str, Any]:
    return {"ph": "M", "pid": pid, "tid": tid, "ts": 0, "name": name, "cat": "", "args": args}


_SEQUENCE: Final = 1


def perfetto_trace(record: Record) -> bytes:
    """Return the trace of one scenario: a group of tracks for each player."""
    builder = TraceProtoBuilder()
    uuids = count(1)
    for rank, player in enumerate(lay_out(record)):
        group = next(uuids)
        _describe(builder.add_packet(), group, player.name, rank)
        for i, track in enumerate(player.tracks):
            uuid = next(uuids)
            _describe(builder.add_packet(), uuid, track.name, i, parent=group)
            _add_events(builder, uuid, track)
    return bytes(builder.serialize())


def _describe(packet: TracePacket, uuid: int, name: str, rank: int, parent: int = 0) -> None:
    packet.trusted_packet_sequence_id = _SEQUENCE
    descriptor = packet.track_descriptor
    descriptor.uuid = uuid
    descriptor.name = name
    descriptor.child_ordering = TrackDescriptor.EXPLICIT
    descriptor.sibling_order_rank = rank
    if parent:
        descriptor.parent_uuid = parent


def _add_events(builder: TraceProtoBuilder, uuid: int, track: Track) -> None:
    """Add a track's events in order of time, each end before the beginning that follows it."""
    moments: list[tuple[int, int, Instant | Slice]]
    moments = [(each.ns, 1, each) for each in track.instants]
    moments += [(each.begin, 2, each) for each in track.slices]
    moments += [(each.end, 0, each) for each in track.slices]
    for ns, order, each in sorted(moments, key=lambda moment: moment[:2]):
        packet = builder.add_packet()
        packet.timestamp = ns
        packet.trusted_packet_sequence_id = _SEQUENCE
        packet.track_event.track_uuid = uuid
        _fill(packet.track_event, each, ends=order == 0)


def _fill(event: TrackEvent, each: Instant | Slice, *, ends: bool) -> None:
    if ends:
        event.type = TrackEvent.TYPE_SLICE_END
        return
    event.name = each.name
    if isinstance(each, Slice):
        event.type = TrackEvent.TYPE_SLICE_BEGIN
        return
    event.type = TrackEvent.TYPE_INSTANT
    for name, value in each.fields.items():
        annotation = event.debug_annotations.add()
        annotation.name = name
        if isinstance(value, bool):
            annotation.bool_value = value
        elif isinstance(value, int):
            annotation.int_value = value
        else:
            annotation.string_value = value if isinstance(value, str) else canonical_json(value)
