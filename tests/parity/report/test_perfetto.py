"""Perfetto's protobuf traces, read back with Perfetto's own schema."""

from __future__ import annotations

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

from parity.report.viewers import perfetto_trace
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, judged, stop, trace

FREE = {**PLACED, "ms": 30_000, "blocked": []}
DIFFERING = judged(
    trace(SESSION, REPORT, PLACED, STEP, stop(ms=30_000), FREE),
    trace(SESSION, REPORT, REPORT, PLACED, STEP, stop("UNKNOWN", ms=30_000)),
    cluster={"ps": 2, "workers": 2},
    steps=[{"fault": {"rss": {"ps": 1, "bytes": "9GiB"}}}, {"advance": "30s"}],
)


def read(record) -> Trace:
    """Parsed strictly: whatever the schema doesn't know would be kept as an unknown field."""
    parsed = Trace.FromString(perfetto_trace(record))
    assert parsed.IsInitialized()
    stripped = Trace.FromString(parsed.SerializeToString())
    stripped.DiscardUnknownFields()
    assert stripped == parsed
    return parsed


def tracks(parsed):
    return {
        packet.track_descriptor.uuid: packet.track_descriptor
        for packet in parsed.packet
        if packet.HasField("track_descriptor")
    }


def events(parsed, name):
    """The events of the track of this name of the first player."""
    found = next(uuid for uuid, track in tracks(parsed).items() if track.name == name)
    return [
        packet
        for packet in parsed.packet
        if packet.HasField("track_event") and packet.track_event.track_uuid == found
    ]


def test_each_player_is_a_group_with_a_track_a_lane():
    found = tracks(read(DIFFERING)).values()
    groups = {track.uuid: track.name for track in found if not track.parent_uuid}
    assert list(groups.values()) == ["python (reference)", "rust (peer)"]
    lanes = [track.name for track in found if groups.get(track.parent_uuid) == "rust (peer)"]
    assert lanes[:6] == ["main", "worker-1", "ps_health", "controller", "PS 0", "PS 1"]


def test_every_event_is_on_a_track_that_was_described_before_it():
    described = set()
    for packet in read(DIFFERING).packet:
        assert packet.trusted_packet_sequence_id == 1
        if packet.HasField("track_descriptor"):
            described.add(packet.track_descriptor.uuid)
            assert packet.track_descriptor.parent_uuid in {0, *described}
        else:
            assert packet.track_event.track_uuid in described


def test_time_never_goes_back_on_a_track_and_every_slice_that_begins_ends():
    parsed = read(DIFFERING)
    for track in tracks(parsed).values():
        depth, last = 0, 0
        for packet in parsed.packet:
            if packet.track_event.track_uuid != track.uuid or not packet.HasField("track_event"):
                continue
            assert packet.timestamp >= last
            last = packet.timestamp
            kind = packet.track_event.type
            depth += (kind == TrackEvent.TYPE_SLICE_BEGIN) - (kind == TrackEvent.TYPE_SLICE_END)
            assert depth in {0, 1}
        assert depth == 0


def test_an_event_has_its_virtual_time_its_name_and_its_fields():
    (call,) = [
        packet
        for packet in events(read(DIFFERING), "main")
        if packet.track_event.name == "rpc StopTraining"
    ]
    assert call.timestamp // 1_000_000 == 30_000
    fields = {each.name: each for each in call.track_event.debug_annotations}
    assert fields["code"].string_value == "OK"
    assert fields["ms"].int_value == 30_000


def test_what_is_at_one_instant_stands_apart_in_order():
    names = [
        (packet.timestamp, packet.track_event.name) for packet in events(read(DIFFERING), "main")
    ]
    assert [name for _, name in sorted(names)][:2] == ["session", "step"]
    assert len({at for at, _ in names}) == len(names)


def test_the_barrier_is_a_slice_from_placed_to_removed():
    begin, end = events(read(DIFFERING), "main: barrier")
    assert begin.track_event.name == "barrier placed"
    assert (begin.timestamp // 1_000_000, end.timestamp // 1_000_000) == (0, 30_000)


def test_a_fault_is_on_the_track_of_its_ps():
    (fault,) = events(read(DIFFERING), "PS 1")
    assert fault.track_event.name == "fault rss"
