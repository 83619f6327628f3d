"""The summary of a trace, with the keys of a scenario's ``expect``."""

from __future__ import annotations

import re
from typing import Final

from parity.spec.hooks import PsHealthEntry
from parity.spec.scenario import Expect, Scenario
from parity.spec.trace import (
    AddressEvent,
    BarrierEvent,
    CallbackEvent,
    Channel,
    ElementEvent,
    FilesEvent,
    HookEvent,
    ListenerEvent,
    LogEvent,
    RaisedEvent,
    ReportEvent,
    SaveEvent,
    SessionEvent,
    SlotCountsEvent,
    StepEvent,
    ThreadEvent,
    Trace,
)

_SLOT_COUNT: Final = re.compile(r"slot_counts \{\s*(?:key: (\d+))?\s*value: (\d+)\s*\}")
CHANNEL_OF_KEY: Final[dict[str, Channel]] = {
    "reports": "reports",
    "reported": "reports",
    "barrier": "barrier",
    "blocked": "barrier",
    "callbacks": "barrier",
    "raised": "errors",
    "workers_raised": "errors",
    "threads": "threads",
    "saves": "saves",
    "global_step": "steps",
    "elements": "steps",
    "hook_order": "hooks",
    "listener_calls": "saves",
    "logs": "logs",
    "addresses": "files",
    "slot_counts": "files",
    "files": "files",
}
"""The channel that each key of ``expect`` sums up."""


def summarize(scenario: Scenario, trace: Trace) -> Expect:
    """Return every key of ``expect`` with its value in this trace."""
    reports = [event for event in trace.events if isinstance(event, ReportEvent)]
    logs = [event.message for event in trace.events if isinstance(event, LogEvent)]
    barrier = [event.blocked for event in trace.events if isinstance(event, BarrierEvent)]
    raised = [event for event in trace.events if isinstance(event, RaisedEvent)]
    of_session = [event.error for event in raised if event.lane == "main"]
    steps = [event.global_step for event in trace.events if isinstance(event, StepEvent)]
    files = [event.left for event in trace.events if isinstance(event, FilesEvent)]
    return Expect.model_construct(  # Unvalidated, as a trace isn't limited by a scenario's bounds.
        reports=_logged_reports(logs) if _reports_by_logging(scenario) else len(reports),
        reported=tuple(tuple(result.ps for result in event.results) for event in reports),
        barrier=tuple(barrier),
        blocked=_blocked_at_the_end(trace),
        callbacks=tuple(
            f"{event.callback}: {event.action}".rstrip()
            for event in trace.events
            if isinstance(event, CallbackEvent)
        ),
        raised=of_session[-1] if of_session else None,
        workers_raised={event.lane: event.error for event in raised if event.lane != "main"},
        threads={
            event.thread: event.fate if event.error is None else f"{event.fate}: {event.error}"
            for event in trace.events
            if isinstance(event, ThreadEvent)
        },
        saves=tuple(event.step for event in trace.events if isinstance(event, SaveEvent)),
        global_step=max(steps, default=None),
        elements=_elements(trace),
        hook_order=tuple(
            f"{event.hook}.{event.phase}" for event in trace.events if isinstance(event, HookEvent)
        ),
        listener_calls=tuple(
            f"{event.listener}.{event.method}"
            for event in trace.events
            if isinstance(event, ListenerEvent)
        ),
        logs=tuple(logs),
        addresses=tuple(event.text for event in trace.events if isinstance(event, AddressEvent)),
        slot_counts=tuple(
            _counts(event.text) for event in trace.events if isinstance(event, SlotCountsEvent)
        ),
        files=files[-1] if files else (),
    )


def _counts(text: str) -> tuple[str, ...]:
    """Return the entries of a CkptInfo in text format: ``5: 2`` for two entries of slot 5.

    A key of 0 isn't printed.
    """
    return tuple(f"{slot or 0}: {count}" for slot, count in _SLOT_COUNT.findall(text))


def _elements(trace: Trace) -> dict[str, tuple[int, ...]]:
    taken: dict[str, tuple[int, ...]] = {}
    for event in trace.events:
        if isinstance(event, ElementEvent):
            taken[event.lane] = (*taken.get(event.lane, ()), event.value)
    return taken


def _logged_reports(logs: list[str]) -> int:
    return sum(message.startswith("PS are not healthy:") for message in logs)


def _reports_by_logging(scenario: Scenario) -> bool:
    return any(
        isinstance(hook, PsHealthEntry) and hook.ps_health.report == "default"
        for hook in scenario.hooks
    )


def _blocked_at_the_end(trace: Trace) -> tuple[int, ...]:
    """Return the barrier's state when the session was last left."""
    blocked: tuple[int, ...] = ()
    for event in trace.events:
        if isinstance(event, BarrierEvent):
            blocked = event.blocked
        elif isinstance(event, SessionEvent) and event.state == "closed":
            break
    return blocked
