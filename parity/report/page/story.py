"""The story of one scenario, laid out to be drawn: rows, lanes, spans, faults, differences.

Rows are what both players and the faults have in common: each is one column of the
timeline and one line of the list of events.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from parity.base.model import Model
from parity.players.outcome import Maker
from parity.report.alignment import EventPair, align
from parity.report.page.spans import barrier_spans
from parity.report.page.yaml_places import Place, YamlPlaces
from parity.spec.facts import clause_text
from parity.spec.trace import CHANNEL_OF_KIND, Event, Trace, event_to_json
from parity.verdict.compare import ORDER, Difference
from parity.verdict.record import Record

_MANY: Final = 9
"""With more workers or PS than this, only those with events get a lane."""


class Row(Model):
    """One column: an event of one or both sides (by index), or a fault (by index).

    ``place`` is the number of its place in the YAML among the story's, if it is known.
    """

    ms: int
    reference: int | None = None
    peer: int | None = None
    fault: int | None = None
    place: int | None = None


class Span(Model):
    """A span on a lane, from one row to another; ``end`` None is the end of the trace."""

    lane: str
    kind: str
    label: str
    begin: int
    end: int | None


class Fault(Model):
    """A fault, and whether it struck on each side; None where that isn't known."""

    lane: str
    place: str
    kind: str
    text: str
    struck_reference: bool | None
    struck_peer: bool | None


class Mark(Model):
    """A difference of the record, and the row where it shows."""

    difference: int
    row: int


class Story(Model):
    """Everything that the page needs to show one scenario.

    ``reference`` and ``peer`` are events as traces have them; ``peer`` is ``same``
    where it equals the other, and either is None where that side gave none. ``clauses`` has the
    texts of the clauses of docs/behaviour.md that it covers, ``places`` those of the YAML that rows
    belong to.
    """

    record: dict[str, Any]
    reference_name: str
    peer_name: str
    reference: tuple[dict[str, Any], ...] | None
    peer: tuple[dict[str, Any], ...] | str | None
    lanes: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    spans_reference: tuple[Span, ...]
    spans_peer: tuple[Span, ...]
    marks: tuple[Mark, ...]
    clauses: dict[str, str]
    places: tuple[Place, ...]


def make_story(record: Record) -> Story:
    """Lay out one record."""
    places = YamlPlaces(record)
    rows = _rows(record, places)
    same = record.peer_trace == "same"
    peer = record.peer_events()
    spans = _barrier(record.trace, rows, "reference") + _lasting_faults(record, rows)
    return Story(
        record=record.model_dump(
            mode="json", exclude={"trace", "peer_trace", "cluster", "injections"}
        ),
        reference_name=short_name(record.reference, record.reference_by),
        peer_name=short_name(record.peer, record.peer_by),
        reference=_events(record.trace),
        peer="same" if same else _events(peer),
        lanes=_lanes(record),
        rows=tuple(rows),
        faults=tuple(_faults(record)),
        spans_reference=tuple(spans),
        spans_peer=()
        if same
        else tuple(_barrier(peer, rows, "peer") + _lasting_faults(record, rows)),
        marks=tuple(_marks(record, rows)),
        clauses={name: text for name in record.covers if (text := clause_text(name)) is not None},
        places=places.found,
    )


def short_name(player: str, by: Maker | None) -> str:
    """Return a player's name, or its implementation's if the name is a driver's command line."""
    if " " not in player and "/" not in player:
        return player
    return by.implementation if by is not None else "the peer"


def ps_lane(ps: int) -> str:
    """Return the label of the lane of a PS, which traces don't have."""
    return f"PS {ps}"


def _events(trace: Trace | None) -> tuple[dict[str, Any], ...] | None:
    return None if trace is None else tuple(map(event_to_json, trace.events))


def _rows(record: Record, places: YamlPlaces) -> list[Row]:
    placed = [
        (
            (each.ms, each.after, -1),
            Row(ms=each.ms, fault=i, place=places.of_path(each.place)),
        )
        for i, each in enumerate(record.injections)
    ]
    previous = 0
    for n, pair in enumerate(_pairs(record)):
        ms = _event(record, pair).ms
        if pair.reference is not None:
            previous = pair.reference
        row = Row(
            ms=ms,
            reference=pair.reference,
            peer=pair.peer,
            place=places.of_event(*_shown(record, pair)),
        )
        placed.append(((ms, previous, n), row))
    return [row for _, row in sorted(placed, key=lambda each: each[0])]


def _pairs(record: Record) -> tuple[EventPair, ...]:
    if record.trace is None:
        return ()
    if isinstance(record.peer_trace, Trace):
        return align(record.trace, record.peer_trace, _aligned_by(record))
    same = record.peer_trace == "same"
    return tuple(
        EventPair(reference=i, peer=i if same else None) for i in range(len(record.trace.events))
    )


def _aligned_by(record: Record) -> Literal["channel", "lane", "trace"]:
    if not any(difference.channel == ORDER for difference in record.differences):
        return "channel"
    return "trace" if record.ordering == "total" else "lane"


def _shown(record: Record, at: EventPair | Row) -> tuple[Trace, int]:
    """Return the trace that shows an event, the reference's if it does, and the event's index."""
    trace, index = (
        (record.peer_events(), at.peer) if at.reference is None else (record.trace, at.reference)
    )
    assert trace is not None
    assert index is not None
    return trace, index


def _event(record: Record, at: EventPair | Row) -> Event:
    trace, index = _shown(record, at)
    return trace.events[index]


def _barrier(trace: Trace | None, rows: list[Row], side: str) -> list[Span]:
    if trace is None:
        return []
    row_of = {getattr(row, side): n for n, row in enumerate(rows)}
    return [
        Span(
            lane=span.lane,
            kind="barrier",
            label=f"worker {span.worker} blocked" if span.worker else "barrier placed",
            begin=row_of[span.begin],
            end=None if span.end is None else row_of[span.end],
        )
        for span in barrier_spans(trace)
    ]


def _lasting_faults(record: Record, rows: list[Row]) -> list[Span]:
    """Return the span of each fault of a PS: until it recovers or gets another of its kind."""
    row_of = {row.fault: n for n, row in enumerate(rows) if row.fault is not None}
    spans = []
    for i, fault in enumerate(record.injections):
        if fault.ps is None or fault.kind == "recover":
            continue
        ends = [
            row_of[j]
            for j, later in enumerate(record.injections)
            if later.ps == fault.ps and row_of[j] > row_of[i] and _ends(fault.kind, later.kind)
        ]
        spans.append(
            Span(
                lane=ps_lane(fault.ps),
                kind="fault",
                label=f"{fault.kind} {fault.text}".strip(),
                begin=row_of[i],
                end=min(ends, default=None),
            )
        )
    return spans


def _ends(kind: str, later: str) -> bool:
    """Return whether ``later`` ends a fault; recovery restores memory and health, not a limit."""
    return later == kind or (later == "recover" and kind != "mem_limit")


def _faults(record: Record) -> list[Fault]:
    ours, theirs = record.trace, record.peer_events()
    return [
        Fault(
            lane="main" if each.ps is None else ps_lane(each.ps),
            place=each.place,
            kind=each.kind,
            text=each.text,
            struck_reference=None if ours is None else ours.struck.get(each.place),
            struck_peer=None if theirs is None else theirs.struck.get(each.place),
        )
        for each in record.injections
    ]


def _lanes(record: Record) -> tuple[str, ...]:
    """Return the lanes: chief, workers, hooks' threads, controller, other operators, every PS."""
    traces = [trace for trace in (record.trace, record.peer_events()) if trace is not None]
    busy = dict.fromkeys(event.lane for trace in traces for event in trace.events)
    busy |= dict.fromkeys(span.lane for trace in traces for span in barrier_spans(trace))
    machines = {ps_lane(each.ps) for each in record.injections if each.ps is not None}
    workers = [f"worker-{i}" for i in range(1, record.cluster.workers)]
    ps = [ps_lane(i) for i in range(record.cluster.ps)]
    if len(workers) > _MANY:
        workers = [lane for lane in workers if lane in busy]
    if len(ps) > _MANY:
        ps = [lane for lane in ps if lane in machines]
    first = ["main", *workers, "ps_health"]
    others = [lane for lane in busy if lane not in {*first, "controller"}]
    watching = [lane for lane in others if lane.startswith("ps_health#")]
    rest = [lane for lane in others if lane not in watching]
    return (*first, *watching, "controller", *rest, *ps)


def _marks(record: Record, rows: list[Row]) -> list[Mark]:
    """Find the first row of each difference, which for a different order is a moved event."""
    marks = []
    for i, difference in enumerate(record.differences):
        for n, row in enumerate(rows):
            if row.fault is None and _shows(difference, _event(record, row), row):
                marks.append(Mark(difference=i, row=n))
                break
    return marks


def _shows(difference: Difference, event: Event, row: Row) -> bool:
    if difference.channel == ORDER:
        return event in (difference.reference, difference.peer)
    lone = None in {row.reference, row.peer}
    where = CHANNEL_OF_KIND[event.kind], event.lane
    return lone and where == (difference.channel, difference.lane)
