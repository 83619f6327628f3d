"""Traces without the parts that differ between runs in real time on real machines.

The rest is common to a player in real time and a player in virtual time:

- no times; of memory, that a PS exceeded its limit but not by how much;
- the barrier bit by bit: the order in which each bit is set and cleared. A player in real
  time can't observe every state between two changes of different bits;
- one sequence for each channel, whatever the thread. Training steps stay separate by
  worker and calls by their place, as these run side by side;
- no looks at state files, which processes write whenever they do. What is left at the end is
  compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from parity.spec.trace import (
    CHANNEL_OF_KIND,
    BarrierEvent,
    ClientErrorEvent,
    Event,
    LogEvent,
    PsResult,
    RaisedEvent,
    ReportEvent,
    RpcEvent,
    StateFileEvent,
    StepEvent,
    ThreadEvent,
    Trace,
)

_MEMORY: Final = re.compile(r"Current: \d+")


def untimed(trace: Trace) -> Trace:
    """Return the trace without its times and other parts that differ between runs."""
    return Trace.of(_without_times(trace.events), trace.struck)


def bits(barrier: Iterable[tuple[int, ...]]) -> dict[int, tuple[str, ...]]:
    """Return for each bit that was ever set its changes, ``set`` and ``cleared``, in order."""
    changes: dict[int, list[str]] = {}
    before: set[int] = set()
    for blocked in barrier:
        for bit in sorted(before.symmetric_difference(blocked)):
            changes.setdefault(bit, []).append("set" if bit in blocked else "cleared")
        before = set(blocked)
    return {bit: tuple(each) for bit, each in sorted(changes.items())}


def without_memory(message: str) -> str:
    """Return a message about a PS without the amount of its memory."""
    return _MEMORY.sub("Current: ?", message)


def _without_times(events: Iterable[Event]) -> Iterator[Event]:
    before: frozenset[int] = frozenset()
    for event in events:
        match event:
            case BarrierEvent():
                now = frozenset(event.blocked)
                for bit in sorted(before ^ now):
                    # One lane for each bit, so that each has its own order of changes.
                    yield BarrierEvent(ms=0, lane=f"bit-{bit}", blocked=tuple({bit} & now))
                before = now
            case ReportEvent():
                results = tuple(map(_result_without_memory, event.results))
                yield ReportEvent(ms=0, lane="reports", results=results)
            case LogEvent():
                message = without_memory(event.message)
                yield event.model_copy(update={"ms": 0, "lane": "logs", "message": message})
            case StateFileEvent():
                pass
            case _:
                yield event.model_copy(update={"ms": 0, "lane": _lane(event)})


def _lane(event: Event) -> str:
    if isinstance(event, StepEvent | RaisedEvent | ThreadEvent | RpcEvent | ClientErrorEvent):
        return event.lane
    return CHANNEL_OF_KIND[event.kind]


def _result_without_memory(result: PsResult) -> PsResult:
    return result.model_copy(update={"message": without_memory(result.message)})
