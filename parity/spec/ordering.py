"""The extent to which the order of two traces is compared: total, by lanes, or untimed.

A player that follows the virtual-time page exactly has one order of all events. A player
that schedules lanes by rules of its own still has an order on each lane, and between lanes
causes come before effects (BEHAVIOUR B78). A player in real time has neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal

from parity.spec.trace import (
    CALLER_PREFIXES,
    CONTROLLER_LANE,
    BarrierEvent,
    Event,
    ListenerEvent,
    RpcEvent,
    SaveEvent,
    SaveFailedEvent,
    SessionEvent,
    StepEvent,
    ThreadEvent,
)

Ordering = Literal["total", "lanes", "untimed"]
"""``total``: times, and all events as one sequence. ``lanes``: times, each lane as one
sequence, and causes before effects between lanes. ``untimed``: no times, and each channel
separately (parity.spec.untimed)."""

_STRICTEST_FIRST: Final[tuple[Ordering, ...]] = ("total", "lanes", "untimed")


def common_ordering(orderings: Iterable[Ordering]) -> Ordering:
    """Return the strictest ordering that all of these traces have."""
    return max(orderings, key=_STRICTEST_FIRST.index)


def _is_of_controller(event: Event) -> bool:
    """Match the events of handlers, and the answers that clients get on their own lanes."""
    called = isinstance(event, RpcEvent) and not event.lane.startswith(CALLER_PREFIXES)
    return called or event.lane == CONTROLLER_LANE


def _is_of_barrier(event: Event) -> bool:
    return isinstance(event, BarrierEvent)


def _is_of_saver_lock(event: Event) -> bool:
    """Match the events under the saver's lock, and the chief's steps, which wait for it."""
    chief_step = isinstance(event, StepEvent) and event.worker == 0
    return chief_step or isinstance(event, SaveEvent | SaveFailedEvent | ListenerEvent)


def _is_of_session_end(event: Event) -> bool:
    """Match sessions, and the threads that are joined before one is closed."""
    return isinstance(event, SessionEvent | ThreadEvent)


_CAUSES: Final[dict[str, Callable[[Event], bool]]] = {
    "a handler's effects before its answer": _is_of_controller,
    "one change of the barrier after the other": _is_of_barrier,
    "a save before the step that waited for it": _is_of_saver_lock,
    "the end of a thread before the close that joins it": _is_of_session_end,
}
"""Events of several lanes that form one sequence under the ordering ``lanes``."""


def sequences(events: Iterable[Event], ordering: Ordering) -> dict[str, list[Event]]:
    """Return by name the sequences of events whose order is compared."""
    match ordering:
        case "total":
            return {"all lanes": list(events)}
        case "lanes":
            named: dict[str, list[Event]] = {}
            for event in events:
                named.setdefault(f"lane {event.lane}", []).append(event)
                for name, belongs in _CAUSES.items():
                    if belongs(event):
                        named.setdefault(name, []).append(event)
            return named
        case "untimed":
            return {}
