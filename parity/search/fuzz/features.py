"""The features that scenarios touch and traces show, so that those that never occur are noticed.

The features are derived from the model itself: every kind of hook, step and fault, every
option, every word that an option may have. A part that is added to the model and not to the
generator is reported as never touched from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from parity.search.fuzz.case import document_of
from parity.spec.faults import NEED_OF_FAULT, ErrorName
from parity.spec.scenario import Scenario
from parity.spec.steps import BACKGROUND
from parity.spec.trace import (
    CHANNEL_OF_KIND,
    BarrierEvent,
    Event,
    RaisedEvent,
    ReportEvent,
    RpcEvent,
    SaveEvent,
    SaveFailedEvent,
    SessionEvent,
    ThreadEvent,
    Trace,
)

_SAID: Final = {"about", "covers", "expect", "strikes", "details", "response"}
"""The keys that describe a scenario, and don't affect how it is played."""
_REAL: Final = {"needs", "within", *NEED_OF_FAULT}
"""The keys that only a real cluster plays; generated scenarios are played in virtual time."""
_LEFT_OUT: Final = _SAID | _REAL
_BACKGROUND: Final = "background"
"""The key of a nested step: its presence is one feature, and its options are those of steps."""
_ERRORS: Final = frozenset(get_args(ErrorName))


def all_features() -> frozenset[str]:
    """Return every feature that the model has."""
    return frozenset(_of_type(Scenario, ""))


def features_of(scenario: Scenario) -> frozenset[str]:
    """Return the features that a scenario touches."""
    return frozenset(_of_value(document_of(scenario), ""))


def _of_type(annotation: Any, path: str) -> Iterator[str]:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _of_type(args[0], path)
    elif origin is Literal:
        yield from (_word(path, word) for word in args)
    elif origin in (Union, UnionType):
        for option in args:
            yield from (f"{path}=none",) if option is NoneType else _of_type(option, path)
    elif origin is tuple:
        yield from _of_type(args[0], path)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            key = field.alias or name
            if key == _BACKGROUND:
                yield from (f"{path}.{key}.{kind}" for kind in BACKGROUND)
            elif key not in _LEFT_OUT and not (key == "error" and "rpc" in annotation.model_fields):
                yield from _of_type(field.annotation, f"{path}.{key}" if path else key)
        if not annotation.model_fields:
            yield path
    elif annotation is bool:
        yield from (f"{path}=true", f"{path}=false")
    else:
        yield path


def _of_value(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == _BACKGROUND:
                yield from (f"{path}.{key}.{kind}" for kind in item if kind in BACKGROUND)
                yield from _of_value(item, path)
            elif key not in _LEFT_OUT and not (key == "error" and "rpc" in value):
                yield from _of_value(item, f"{path}.{key}" if path else key)
        if not value:
            yield path
    elif isinstance(value, list):
        for item in value:
            yield from _of_value(item, path)
    elif value is None:
        yield f"{path}=none"
    elif isinstance(value, bool):
        yield f"{path}={'true' if value else 'false'}"
    else:
        yield path
        if isinstance(value, str):
            yield _word(path, value)


def _word(path: str, word: str) -> str:
    """Return the feature of a word; an error is one wherever it is raised, as there are many."""
    return f"error={word}" if word in _ERRORS else f"{path}={word}"


def shown_by(trace: Trace) -> frozenset[str]:
    """Return the kinds of events in a trace, and the combinations that it shows."""
    kinds = {f"event {event.kind}" for event in trace.events}
    return frozenset(kinds) | {what for what, shows in _COLLISIONS.items() if shows(trace.events)}


def all_shown() -> frozenset[str]:
    """Return everything that ``shown_by`` can find in traces."""
    return frozenset(_COLLISIONS) | {f"event {kind}" for kind in CHANNEL_OF_KIND}


Events = tuple[Event, ...]


def _placed_at_a_report(events: Events) -> bool:
    """Return whether a health thread found the barrier already placed."""
    return any(
        isinstance(event, ThreadEvent) and event.error == "BarrierAlreadyPlacedError"
        for event in events
    )


def _held_by_health(events: Events) -> bool:
    reported = any(isinstance(event, ReportEvent) for event in events)
    return reported and any(isinstance(event, BarrierEvent) and max(event.blocked, default=0) > 0
                            for event in events)  # fmt: skip


def _refused(events: Events) -> bool:
    return any(isinstance(event, RpcEvent) and event.code == "ALREADY_EXISTS" for event in events)


def _failed_save_by_call(events: Events) -> bool:
    failed = any(isinstance(event, SaveFailedEvent) for event in events)
    return failed and any(
        isinstance(event, RpcEvent) and event.method == "SaveCheckpoint" and event.code == "UNKNOWN"
        for event in events
    )


def _gave_up(events: Events) -> bool:
    return any(
        isinstance(event, RpcEvent) and event.code == "DEADLINE_EXCEEDED" for event in events
    )


def _recreated_while_placed(events: Events) -> bool:
    placed = False
    for event in events:
        if isinstance(event, BarrierEvent):
            placed = 0 in event.blocked
        elif isinstance(event, SessionEvent) and event.state == "created" and placed:
            return True
    return False


def _call_after_the_end(events: Events) -> bool:
    closed = False
    for event in events:
        closed = closed or (isinstance(event, SessionEvent) and event.state == "closed")
        if closed and isinstance(event, RpcEvent):
            return True
    return False


def _saved_while_held(events: Events) -> bool:
    placed = False
    for event in events:
        if isinstance(event, BarrierEvent):
            placed = 0 in event.blocked
        elif isinstance(event, SaveEvent) and placed:
            return True
    return False


def _worker_raised(events: Events) -> bool:
    return any(isinstance(event, RaisedEvent) and event.lane.startswith("worker")
               for event in events)  # fmt: skip


_COLLISIONS: Final = {
    "barrier placed already x report": _placed_at_a_report,
    "worker held x report": _held_by_health,
    "stop x barrier placed": _refused,
    "save fails x SaveCheckpoint": _failed_save_by_call,
    "deadline x call": _gave_up,
    "recreation x barrier placed": _recreated_while_placed,
    "call x session closed": _call_after_the_end,
    "save x barrier placed": _saved_while_held,
    "error x worker": _worker_raised,
}
