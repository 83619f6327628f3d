"""A play as moments: after each event, the latest of every lane and whom the barrier holds.

Nothing here depends on a screen; two traces of one scenario are laid side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from parity.base.model import Model, canonical_json
from parity.report.alignment import align
from parity.spec.injections import Injection, injections
from parity.spec.scenario import Scenario
from parity.spec.trace import (
    BarrierEvent,
    Event,
    HookEvent,
    LogEvent,
    RaisedEvent,
    ReportEvent,
    RpcEvent,
    SaveEvent,
    SessionEvent,
    StepEvent,
    ThreadEvent,
    Trace,
    event_to_json,
)


def fields_of(event: Event) -> str:
    """Return the event's fields other than time, lane and kind, as ``key=value``."""
    document = event_to_json(event)
    for said in ("ms", "lane", "kind"):
        del document[said]
    return " ".join(f"{key}={canonical_json(value)}" for key, value in document.items())


def event_in_words(event: Event) -> str:  # noqa: PLR0911 - a kind of event each
    """Describe the event; kinds without words of their own show their fields."""
    match event:
        case SessionEvent(state=state):
            return f"session {state}"
        case HookEvent(hook=hook, phase=phase):
            return f"{hook} in {phase}"
        case StepEvent(global_step=step):
            return f"trained to step {step}"
        case ReportEvent(results=results):
            said = ", ".join(f"PS {each.ps} {each.status or 'without status'}" for each in results)
            return f"reported {said}"
        case BarrierEvent(blocked=blocked):
            return f"barrier now {list(blocked)}"
        case RpcEvent(method=method, code=code):
            return f"{method}: {code}"
        case SaveEvent(step=step):
            return f"saved step {step}"
        case LogEvent(message=message):
            return f"logged {canonical_json(message)}"
        case RaisedEvent(error=error, message=message):
            return f"raised {error}: {message}"
        case ThreadEvent(fate=fate, error=error):
            return f"thread {fate}" if error is None else f"thread {fate}: {error}"
        case _:
            return f"{event.kind} {fields_of(event)}".rstrip()


def fault_in_words(fault: Injection) -> str:
    """Describe the fault that was injected."""
    return f"{fault.kind} {fault.text}".rstrip()


Sign = Literal[" ", "-", "+", "*"]
"""On both sides or the only one, on the first alone, on the second alone, a fault."""


class MomentRow(Model):
    """One thing that happened: an event of one side or of both, or a fault.

    A trace that is alone has each event on both sides.
    """

    ms: int
    lane: str
    first: Event | None = None
    second: Event | None = None
    fault: Injection | None = None
    struck: bool = True

    @property
    def sign(self) -> Sign:
        """Sign of the side or sides that have it."""
        if self.fault is not None:
            return "*"
        if self.second is None:
            return "-"
        return "+" if self.first is None else " "

    @property
    def event(self) -> Event | None:
        """The event of either side, or None for a fault."""
        return self.first or self.second


class SideState(Model):
    """One side's state at a moment.

    ``doing`` has the latest of each lane; a lane that has done nothing yet is absent.
    """

    doing: dict[str, str]
    blocked: tuple[int, ...]


class Moment(Model):
    """After a row: the time, and both sides; the second is None where there is one alone."""

    row: MomentRow
    first: SideState
    second: SideState | None


class Play(Model):
    """Everything that a replay shows."""

    lanes: tuple[str, ...]
    moments: tuple[Moment, ...]
    first_difference: int | None
    """The index of the moment of the first event that one side alone has."""


def play_of(scenario: Scenario, first: Trace, second: Trace | None = None) -> Play:
    """Lay out one trace, or two side by side."""
    rows = tuple(_rows(scenario, first, second))
    differing = (i for i, row in enumerate(rows) if row.sign in ("-", "+"))
    return Play(
        lanes=_lanes(rows, scenario),
        moments=tuple(_moments(rows, alone=second is None)),
        first_difference=next(differing, None) if second is not None else None,
    )


def _rows(scenario: Scenario, first: Trace, second: Trace | None) -> Iterator[MomentRow]:
    """Yield the rows, with faults just before the first side's event that follows them."""
    faults = sorted(injections(scenario, first), key=lambda fault: fault.after)
    for row, index in _events(first, second):
        while faults and index is not None and faults[0].after <= index:
            yield _fault_row(faults.pop(0), first)
        yield row
    for fault in faults:
        yield _fault_row(fault, first)


def _events(first: Trace, second: Trace | None) -> Iterator[tuple[MomentRow, int | None]]:
    """Yield each event with its index in the first trace."""
    if second is None:
        for i, event in enumerate(first.events):
            yield MomentRow(ms=event.ms, lane=event.lane, first=event, second=event), i
        return
    for pair in align(first, second):
        ours = None if pair.reference is None else first.events[pair.reference]
        theirs = None if pair.peer is None else second.events[pair.peer]
        one = theirs if ours is None else ours
        assert one is not None
        yield MomentRow(ms=one.ms, lane=one.lane, first=ours, second=theirs), pair.reference


def _fault_row(fault: Injection, trace: Trace) -> MomentRow:
    lane = "job" if fault.ps is None else f"PS {fault.ps}"
    return MomentRow(
        ms=fault.ms, lane=lane, fault=fault, struck=trace.struck.get(fault.place, True)
    )


_FIRST_LANES: Final = ("main", "worker", "ps_health", "controller")


def _lanes(rows: tuple[MomentRow, ...], scenario: Scenario) -> tuple[str, ...]:
    """Return the lanes: chief, workers, threads, controller, others, each PS with a fault."""
    workers = [f"worker-{i}" for i in range(1, scenario.cluster.workers)]
    found = dict.fromkeys(["main", *workers, *(row.lane for row in rows)])

    def order(lane: str) -> tuple[bool, int]:
        known = [i for i, name in enumerate(_FIRST_LANES) if lane.startswith(name)]
        return lane.startswith(("PS ", "job")), known[0] if known else len(_FIRST_LANES)

    return tuple(sorted(found, key=order))


def _moments(rows: tuple[MomentRow, ...], *, alone: bool) -> Iterator[Moment]:
    first, second = SideState(doing={}, blocked=()), SideState(doing={}, blocked=())
    for row in rows:
        first = _after(first, row, row.first)
        if alone:
            yield Moment(row=row, first=first, second=None)
        else:
            second = _after(second, row, row.second)
            yield Moment(row=row, first=first, second=second)


def _after(side: SideState, row: MomentRow, event: Event | None) -> SideState:
    if row.fault is not None:
        struck = "" if row.struck else " (strikes nobody)"
        return SideState(
            doing={**side.doing, row.lane: fault_in_words(row.fault) + struck},
            blocked=side.blocked,
        )
    if event is None:
        return side
    blocked = side.blocked
    if isinstance(event, BarrierEvent):
        blocked = event.blocked
    elif isinstance(event, SessionEvent) and event.state == "closed":
        blocked = ()  # The barrier belongs to the session, and ends with it.
    return SideState(doing={**side.doing, event.lane: event_in_words(event)}, blocked=blocked)
