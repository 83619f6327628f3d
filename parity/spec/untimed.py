"""A trace without what real time and real machines make different each time.

What is left is what a player on real time must have in common with one on virtual time:

- no times; of memory, that a PS was over its limit and not by how much;
- the barrier bit by bit: in which order each is set and cleared. A player on real time
  can't see every state between two changes of different bits;
- one sequence a channel, whichever thread something happened on. Training steps stay
  apart by worker and calls by where they are made: those run side by side.
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
    StepEvent,
    ThreadEvent,
    Trace,
)

_MEMORY: Final = re.compile(r"Current: \d+")


def untimed(trace: Trace) -> Trace:
    """The same trace, as far as order tells."""
    return Trace.of(_without_times(trace.events), trace.struck)


def bits(barrier: Iterable[tuple[int, ...]]) -> dict[int, tuple[str, ...]]:
    """Of each bit that was ever set, when it was ``set`` and ``cleared``, in order."""
    changes: dict[int, list[str]] = {}
    before: set[int] = set()
    for blocked in barrier:
        for bit in sorted(before.symmetric_difference(blocked)):
            changes.setdefault(bit, []).append("set" if bit in blocked else "cleared")
        before = set(blocked)
    return {bit: tuple(each) for bit, each in sorted(changes.items())}


def without_memory(message: str) -> str:
    """What is said of a PS, but for how much memory it has."""
    return _MEMORY.sub("Current: ?", message)


def _without_times(events: Iterable[Event]) -> Iterator[Event]:
    before: frozenset[int] = frozenset()
    for event in events:
        match event:
            case BarrierEvent():
                now = frozenset(event.blocked)
                for bit in sorted(before ^ now):
                    # One bit a lane, so that it says in its own order when it is set.
                    yield BarrierEvent(ms=0, lane=f"bit-{bit}", blocked=tuple({bit} & now))
                before = now
            case ReportEvent():
                results = tuple(map(_result_without_memory, event.results))
                yield ReportEvent(ms=0, lane="reports", results=results)
            case LogEvent():
                message = without_memory(event.message)
                yield event.model_copy(update={"ms": 0, "lane": "logs", "message": message})
            case _:
                yield event.model_copy(update={"ms": 0, "lane": _lane(event)})


def _lane(event: Event) -> str:
    if isinstance(event, StepEvent | RaisedEvent | ThreadEvent | RpcEvent | ClientErrorEvent):
        return event.lane
    return CHANNEL_OF_KIND[event.kind]


def _result_without_memory(result: PsResult) -> PsResult:
    return result.model_copy(update={"message": without_memory(result.message)})
