"""The JSON trace that chrome://tracing opens: Google's Trace Event Format."""

from __future__ import annotations

from typing import Any

from parity.base.model import canonical_json
from parity.report.viewers.viewers import Instant, PlayerTracks, Slice, lay_out
from parity.verdict.verdict import Record


def chrome_trace(record: Record) -> str:
    """The trace of one scenario: a process for each player, a thread for each track."""
    events = [
        event for pid, player in enumerate(lay_out(record), 1) for event in _events(pid, player)
    ]
    return canonical_json({"displayTimeUnit": "ms", "traceEvents": events}) + "\n"


def _events(pid: int, player: PlayerTracks) -> list[dict[str, Any]]:
    """Times are microseconds; the phases are M: metadata, i: instant, X: complete."""
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
