"""Perfetto's own protobuf trace, for https://ui.perfetto.dev and its trace processor.

It is written with the classes that Perfetto generates from its schema, so that what
the schema doesn't have can't be written.
"""

from __future__ import annotations

from itertools import count
from typing import Final

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import (  # type: ignore[import-untyped]
    TracePacket,
    TrackDescriptor,
    TrackEvent,
)
from perfetto.trace_builder.proto_builder import TraceProtoBuilder  # type: ignore[import-untyped]

from parity.base.model import canonical_json
from parity.report.viewers.viewers import Instant, Slice, Track, lay_out
from parity.verdict.verdict import Record

_SEQUENCE: Final = 1


def perfetto_trace(record: Record) -> bytes:
    """The trace of one scenario: a group of tracks for each player."""
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
    """In order of time, an end before the beginning of what follows."""
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
