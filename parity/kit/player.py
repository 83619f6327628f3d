"""Plays a scenario on a port, from its first fault to the files that it leaves."""

from __future__ import annotations

from fakes.lane import Lane
from fakes.scheduler import DeadlockError, StalledError
from fakes.turns import ScheduleError
from fakes.virtual_clock import VirtualClock
from parity.kit.lanes import Inbox, LanesBeside
from parity.kit.model_folder import files_left, model_folder
from parity.kit.port import Job, Port
from parity.kit.session import Session
from parity.kit.unplayable import Unplayable
from parity.kit.world import World
from parity.spec.faults import Fault
from parity.spec.kinds import kind_of
from parity.spec.protocol import RefusalReason
from parity.spec.scenario import Scenario
from parity.spec.schedules import Choice
from parity.spec.steps import (
    ActionFileStep,
    AddressFileStep,
    AdvanceStep,
    AppendCallbackStep,
    BackgroundStep,
    ConcurrentlyStep,
    ControllerOpStep,
    EndStep,
    FaultStep,
    LookStep,
    MachineInfoStep,
    RaiseStep,
    RpcStep,
    StateFileStep,
    Step,
    TimerStep,
    TrainStep,
    WorkerStep,
    WorkerTrain,
)
from parity.spec.trace import FilesEvent, Trace


def play(port: Port, scenario: Scenario, clock: VirtualClock) -> Trace:
    """Play a scenario, and return its trace.

    Raises:
        Unplayable: The port lacks something, or a step can't be done.
        DeadlockError: No lane can ever run again.
        ScheduleError: The clock's schedule takes a candidate that doesn't exist.
        StalledError: A lane keeps the turn for too long.
        OutputError: There is no room for a model directory.
    """
    with model_folder() as folder:
        world = World.of(scenario, clock, folder)
        try:
            job = _begin(port, scenario, world)
            try:
                clock.run(Play(scenario, world, job).run)
            finally:
                job.give_back()
        finally:
            world.recorder.let_files_go()
        return Trace.of(world.recorder.events, world.ledger.triggered())


def refusal_of(error: BaseException) -> tuple[RefusalReason, int | None]:
    """Return why a scenario wasn't played to its end, and the step, where that is known."""
    match error:
        case DeadlockError():
            return "deadlock", None
        case StalledError():
            return "stalled", None
        case ScheduleError():
            return "schedule", None
        case Unplayable():
            return "unplayable", error.step
        case _:
            return "unplayable", None


def choices_of(clock: VirtualClock) -> tuple[Choice, ...]:
    """Return the choice points of a play so far."""
    return tuple(Choice(candidates=each.candidates, taken=each.taken) for each in clock.choices)


def _begin(port: Port, scenario: Scenario, world: World) -> Job:
    try:
        return port.begin(scenario, world)
    except Unplayable as error:
        if error.is_lacking:
            raise
        raise Unplayable(f"setting up: {error}") from None


class Play:
    """A run of one scenario, on the lane ``main``."""

    def __init__(self, scenario: Scenario, world: World, job: Job) -> None:
        self._scenario = scenario
        self._world = world
        self._job = job
        self._session = Session(job, world.recorder)
        self._inboxes: dict[int, Inbox] = {}
        self._worker_lanes: list[Lane] = []
        self._lanes = LanesBeside(world.clock, self._do_beside)
        self._next_callback = len(scenario.barrier.callbacks)
        """The index of the callback that is appended next."""

    def run(self) -> None:
        """Play all of it, and record what is left.

        Raises:
            Unplayable: The port lacks something, or a step can't be done.
        """
        recorder, clock = self._world.recorder, self._world.clock
        for i, fault in enumerate(self._scenario.faults):
            self._inject(fault, f"faults[{i}]")
        self._session.open()
        self._job.check()
        clock.settle()
        for i, step in enumerate(self._scenario.steps):
            try:
                self._do(step, i)
                self._job.check()
            except Unplayable as error:
                raise error.at(f"steps[{i}]: {kind_of(type(step))}", i) from None
            clock.settle()
        if self._session.is_open:
            self._session.leave()
            self._job.check()
        self._lanes.wait_for_background()
        self._check_workers()
        recorder.record(FilesEvent, left=files_left(self._world.model_dir))
        recorder.threads_left()

    def _do(self, step: Step, index: int) -> None:
        match step:
            case TrainStep():
                self._session.train(step.train)
            case AdvanceStep():
                self._world.clock.sleep(step.advance / 1000)
            case BackgroundStep():
                self._lanes.start_in_background(step, index)
            case ConcurrentlyStep():
                self._lanes.do_concurrently(step, index)
            case RaiseStep(raise_=raised):
                self._session.leave(self._job.error(raised.error, raised.message))
            case EndStep():
                self._session.leave()
            case LookStep():
                self._job.look(step.look)
            case _:
                self._do_beside(step, f"steps[{index}]")

    def _do_beside(self, step: Step, place: str) -> None:
        """Do what can be done beside training too, on the current lane."""
        match step:
            case RpcStep():
                self._job.rpc(step, place)
            case WorkerStep():
                self._give(step.worker)
            case FaultStep():
                self._inject(step.fault, f"{place}.fault")
            case AddressFileStep():
                self._job.address_file(step.address_file)
            case ActionFileStep():
                self._job.action_file(step.action_file)
            case StateFileStep():
                self._world.write_state_file(step.state_file)
            case MachineInfoStep():
                self._world.create_machine_info(step.machine_info)
            case ControllerOpStep():
                self._session.must_be_open()
                self._job.controller_op(step.controller_op)
            case TimerStep():
                self._job.timer(step.timer)
            case AppendCallbackStep():
                self._job.append_callback(self._next_callback, step.append_callback)
                self._next_callback += 1

    def _inject(self, fault: Fault, place: str) -> None:
        if not self._world.inject(fault, place):
            self._job.fault(fault, place)

    def _give(self, given: WorkerTrain) -> None:
        """Put steps into a worker's inbox; the first time this starts the worker."""
        self._session.must_be_open()
        if given.index not in self._inboxes:
            worker, inbox = self._job.worker(given.index), Inbox()
            self._inboxes[given.index] = inbox
            lane = self._world.clock.start_lane(
                lambda: inbox.work_off(
                    given.index,
                    worker.train,
                    clock=self._world.clock,
                    recorder=self._world.recorder,
                    is_open=lambda: self._session.is_open,
                ),
                f"worker-{given.index}",
            )
            self._worker_lanes.append(lane)
        self._inboxes[given.index].put(given)

    def _check_workers(self) -> None:
        """Raise what ended a worker's lane other than an error of a step: a mistake of the port."""
        for lane in self._worker_lanes:
            if lane.error is not None:
                raise lane.error
