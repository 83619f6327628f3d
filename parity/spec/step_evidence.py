"""What single events and kinds of steps tell of the step that was being played.

Each function here is of one scenario and one trace; ``step_ranges`` puts them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from parity.spec.hooks import CallEntry
from parity.spec.scenario import Scenario
from parity.spec.steps import (
    ActionFileStep,
    AddressFileStep,
    AdvanceStep,
    AppendCallbackStep,
    BackgroundStep,
    ConcurrentlyStep,
    FaultStep,
    LookStep,
    MachineInfoStep,
    RpcStep,
    StateFileStep,
    Step,
    TimerStep,
    TrainStep,
    WorkerStep,
)
from parity.spec.trace import (
    BACKGROUND_PREFIX,
    CONCURRENT_PREFIX,
    CONTROLLER_LANE,
    AddressEvent,
    ClientErrorEvent,
    ElementEvent,
    Event,
    FilesEvent,
    RpcEvent,
    SessionEvent,
    StateFileEvent,
    StepEvent,
    ThreadEvent,
)

OPENING: Final = -1
"""In place of a step's index: the session is being opened, before the first step."""

Span = tuple[int, int]
"""The first and the last step, by index."""

MAIN: Final = "main"
_CALL: Final = re.compile(r"steps\[(\d+)\]")
_CHANGE_NOTHING: Final = (
    AdvanceStep, FaultStep, AddressFileStep, ActionFileStep, MachineInfoStep, TimerStep,
    AppendCallbackStep,
)  # fmt: skip
"""Steps that make no lane do anything at the instant at which they begin."""
_MAIN_IS_IDLE: Final = (*_CHANGE_NOTHING, WorkerStep, BackgroundStep, ConcurrentlyStep)
INSTANT: Final = (
    FaultStep, AddressFileStep, ActionFileStep, StateFileStep, MachineInfoStep, TimerStep,
    AppendCallbackStep, WorkerStep, BackgroundStep, LookStep,
)  # fmt: skip
"""Steps that take no virtual time."""


def anchors(scenario: Scenario, events: Sequence[Event]) -> Iterator[tuple[int, Span]]:
    """Yield the index of each event that tells more of its step than others, and the steps."""
    steps, end = scenario.steps, len(scenario.steps)
    supplied: dict[int, list[int]] = {}
    complete = sum(map(is_chiefs, events)) == sum(_training(each, 0) for each in steps)
    created = next((i for i, event in enumerate(events) if is_created(event)), -1)
    looks = {
        look: [
            i for i, step in enumerate(steps) if isinstance(step, LookStep) and step.look == look
        ]
        for look in ("current_session", "action_response")
    }
    over = False
    for i, event in enumerate(events):
        over = over or isinstance(event, FilesEvent)
        if i <= created or (i == created + 1 and isinstance(event, AddressEvent)):
            yield i, (OPENING, OPENING)
        elif over:
            yield i, (end, end)
        elif event.lane.startswith(CONCURRENT_PREFIX):
            yield i, _exactly(event.lane.removeprefix(CONCURRENT_PREFIX), end)
        elif event.lane.startswith(BACKGROUND_PREFIX):
            yield i, (_exactly(event.lane.removeprefix(BACKGROUND_PREFIX), end)[0], end)
        elif isinstance(event, RpcEvent | ClientErrorEvent):
            if named := _CALL.fullmatch(event.call):
                yield i, _exactly(named[1], end)
        elif looks.get(event.kind):
            yield i, (step := looks[event.kind].pop(0), step)
        elif isinstance(event, StepEvent):
            inbox = supplied.setdefault(event.worker, _supplied(steps, event.worker))
            if inbox:
                step = inbox.pop()
                yield i, (step, step if complete and event.worker == 0 else end)


def _exactly(index: str, end: int) -> Span:
    """Return the span of one step, or of all if there is no such step."""
    step = int(index) if index.isdecimal() and len(index) <= len(str(end)) else end
    return (step, step) if step < end else (OPENING, end)


def _supplied(steps: Sequence[Step], worker: int) -> list[int]:
    """Return the step that each training step of a worker comes from, the last one first."""
    return [i for i in reversed(range(len(steps))) for _ in range(_training(steps[i], worker))]


def _training(step: Step, worker: int) -> int:
    """Return how many training steps a step gives to a worker; 0 is the chief."""
    match step:
        case TrainStep() if worker == 0:
            return step.train
        case WorkerStep() if step.worker.index == worker:
            return step.worker.train
        case BackgroundStep():
            return _training(step.background, worker)
        case ConcurrentlyStep():
            return sum(_training(each, worker) for each in step.concurrently)
        case _:
            return 0


def ends_step(step: Step, event: Event) -> bool:
    """Return True for an event with which a step may end, once it has had all of them."""
    if isinstance(step, TrainStep):
        return is_chiefs(event)
    if isinstance(step, LookStep):
        return event.kind == step.look
    return isinstance(event, RpcEvent | ClientErrorEvent)


def count_of_ends(step: Step) -> int:
    """Return how many events end a step together; 0 if other events may come after them."""
    match step:
        case RpcStep() | LookStep():
            return 1
        case TrainStep():
            return step.train
        case ConcurrentlyStep():
            return sum(isinstance(each, RpcStep) for each in step.concurrently)
        case _:
            return 0


def only_calls_have_handlers(scenario: Scenario) -> bool:
    """Return True if the controller runs while a step ``rpc`` waits for it, and never else."""
    if any(isinstance(hook, CallEntry) for hook in scenario.hooks):
        return False
    return not any(isinstance(step, RpcStep) and step.deadline for step in scenario.steps)


def can_show(step: Step | None, event: Event, *, only_calls: bool) -> bool:
    """Return False for an event that no moment of a step can show; None is what follows the last.

    ``only_calls`` is the result of ``only_calls_have_handlers``.
    """
    if event.lane == CONTROLLER_LANE and only_calls:
        return isinstance(step, RpcStep)
    if event.lane != MAIN:
        return True
    if isinstance(step, RpcStep | LookStep):
        return ends_step(step, event)
    if isinstance(step, StateFileStep):
        return isinstance(event, StateFileEvent)
    if isinstance(event, StepEvent | ElementEvent):
        return isinstance(step, TrainStep)
    return not isinstance(step, _MAIN_IS_IDLE)


def shows_at_once(step: Step | None, index: int, event: Event) -> bool:
    """Return False for what a step can't show at the instant at which it begins.

    Workers and health threads wait then, for an inbox to fill or for time to pass; a request to
    stop ends a thread, which is another event.
    """
    lane = event.lane
    waits = lane.startswith(("worker-", "ps_health")) and not isinstance(event, ThreadEvent)
    match step:
        case LookStep():
            return ends_step(step, event)
        case StateFileStep():
            return lane == MAIN
        case WorkerStep():
            return lane == f"worker-{step.worker.index}"
        case BackgroundStep():
            return lane != MAIN and (lane.startswith("worker-") or not waits)
        case ConcurrentlyStep():
            return lane == f"{CONCURRENT_PREFIX}{index}" or lane.startswith("worker-")
        case _:
            return not isinstance(step, _CHANGE_NOTHING) and not waits


def shown_after_opening(event: Event) -> bool:
    """Return True for what may still come once the session is open, before the first step."""
    return event.lane not in (MAIN, CONTROLLER_LANE)


def is_created(event: Event) -> bool:
    """Return True if a session was created."""
    return isinstance(event, SessionEvent) and event.state == "created"


def is_chiefs(event: Event) -> bool:
    """Return True for a training step of the chief."""
    return isinstance(event, StepEvent) and event.worker == 0
