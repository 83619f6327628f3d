"""Spans of a story: how long the barrier is placed, and how long each worker is blocked."""

from __future__ import annotations

from parity.base.model import Model
from parity.spec.trace import BarrierEvent, SessionEvent, Trace


class BarrierSpan(Model):
    """From one event to another of a trace, by index; ``end`` is None if it never ended.

    ``worker`` 0 is the chief's bit, which says that the barrier is placed.
    """

    worker: int
    begin: int
    end: int | None

    @property
    def lane(self) -> str:
        """Label, in traces, of the lane that it concerns."""
        return f"worker-{self.worker}" if self.worker else "main"


def barrier_spans(trace: Trace) -> tuple[BarrierSpan, ...]:
    """Return every span in order of its end; closing the session ends those of its barrier."""
    open_since: dict[int, int] = {}
    spans: list[BarrierSpan] = []
    for i, event in enumerate(trace.events):
        if isinstance(event, BarrierEvent):
            blocked = set(event.blocked)
        elif isinstance(event, SessionEvent) and event.state == "closed":
            blocked = set()
        else:
            continue
        spans += [
            BarrierSpan(worker=worker, begin=open_since.pop(worker), end=i)
            for worker in sorted(open_since.keys() - blocked)
        ]
        for worker in blocked:
            open_since.setdefault(worker, i)
    spans += [
        BarrierSpan(worker=worker, begin=begin, end=None) for worker, begin in open_since.items()
    ]
    return tuple(spans)
