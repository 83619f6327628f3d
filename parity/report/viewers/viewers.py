"""A scenario's story as trace viewers want it: players with tracks of instants and slices.

Times are nanoseconds of virtual time. Much happens at one instant, and a viewer would
draw it as one heap: what is at the same millisecond stands a microsecond apart, in the
order of the story, the same for both players.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from parity.report.page.story import Row, Story, make_story
from parity.verdict.verdict import Record

_MS: Final = 1_000_000
_APART: Final = 1_000


@dataclass(frozen=True)
class Instant:
    """Something that happened; ``fields`` are shown when it is clicked."""

    ns: int
    name: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Slice:
    """Something that lasted."""

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
    """One player, with a track a lane, and one for each thing that lasts on it."""

    name: str
    tracks: tuple[Track, ...]


def lay_out(record: Record) -> tuple[PlayerTracks, ...]:
    """The players that showed something, the reference first."""
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
