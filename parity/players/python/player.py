"""The player ``python``: monolith_hooks on real TensorFlow and gRPC, in this process.

PS machines are fake and time is virtual; everything else is real.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import tensorflow as tf
from absl.testing import flagsaver

from fakes.faults import FaultLedger
from fakes.faulty_files import FileFault
from fakes.machines import FakeMachines
from fakes.ps import FakePs
from fakes.scheduler import DeadlockError, StalledError
from fakes.turns import ScheduleError
from fakes.virtual_clock import VirtualClock
from monolith_hooks import logging_ops
from monolith_hooks.action_files import ACTION_FILENAME, RESPONSE_FILENAME
from parity.base import project
from parity.kit.files_left import files_left
from parity.kit.lanes import LanesBeside
from parity.kit.machines import fake_servers, inject_machine_fault
from parity.kit.model_folder import model_folder
from parity.kit.state_files import StateFiles
from parity.kit.unplayable import Unplayable
from parity.players.environment import plain_umask
from parity.players.outcome import (
    IN_VIRTUAL_TIME,
    Failed,
    Maker,
    Outcome,
    Played,
    Refusal,
)
from parity.players.python.hook_logs import hook_logs_go_to
from parity.players.python.implementation import OURS, Implementation
from parity.players.python.interrupts import interrupt_afterwards
from parity.players.python.job import Job
from parity.players.python.job_hooks import HealthOps
from parity.players.python.recorder import Recorder
from parity.players.python.scenario_files import write_content
from parity.players.python.stage import Stage, local_config
from parity.players.python.workers import Worker
from parity.spec.faults import (
    Fault,
    FileErrorFault,
    ListenerErrorFault,
    SaveErrorFault,
    SlowSaveFault,
)
from parity.spec.hooks import PsHealthEntry
from parity.spec.loading import ScenarioFile
from parity.spec.scenario import Scenario
from parity.spec.schedules import Choice, Schedule
from parity.spec.steps import (
    ActionFileStep,
    AddressFileStep,
    AdvanceStep,
    BackgroundStep,
    ConcurrentlyStep,
    ControllerOpStep,
    EndStep,
    FaultStep,
    LookStep,
    MachineInfoStep,
    RaiseStep,
    RpcStep,
    Step,
    TimerStep,
    TrainStep,
    WorkerStep,
)
from parity.spec.trace import CHANNELS, ActionResponseEvent, FilesEvent, Trace


class PythonPlayer:
    """Player of scenarios on the reference implementation."""

    name = "python"
    can = IN_VIRTUAL_TIME
    channels = CHANNELS

    def __init__(self, implementation: Implementation = OURS) -> None:
        self._implementation = implementation

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Play one scenario in virtual time."""
        clock = VirtualClock(seed=seed, schedule=schedule)
        with model_folder() as folder, _steps_may_wrap():
            try:
                with interrupt_afterwards(), plain_umask(), self._implementation.playing(clock):
                    trace = clock.run(
                        lambda: _play(file.scenario, clock, folder, self._implementation)
                    )
            except (Unplayable, DeadlockError, StalledError, ScheduleError) as error:
                refusal = _refusal(error)
                return Failed("refused", str(error), choices=_choices(clock), refusal=refusal)
            finally:
                tf.compat.v1.summary.FileWriterCache.clear()
        by = Maker(
            implementation=self._implementation.name, language="python", version=project.version()
        )
        return Played(trace, by=by, choices=_choices(clock))

    def close(self) -> None:
        """Do nothing, as no resources are held between runs."""


@contextlib.contextmanager
def _steps_may_wrap() -> Iterator[None]:
    """Let a step beyond int64 wrap, as TensorFlow does, without a word from numpy."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "overflow encountered", RuntimeWarning)
        yield


def player_of(file: Path, tell: Callable[[str], None]) -> PythonPlayer:
    """Return the player of the hooks that a file names (docs/your-own-hooks.md).

    Raises:
        UsageError: The file, or a module that it names, can't be read.
    """
    from parity.players.python.foreign.hooks_file import load  # noqa: PLC0415 - imports theirs

    return PythonPlayer(load(file, tell))


def _refusal(
    error: Unplayable | DeadlockError | StalledError | ScheduleError,
) -> Refusal:
    match error:
        case Unplayable():
            return Refusal("unplayable", error.step)
        case DeadlockError():
            return Refusal("deadlock")
        case StalledError():
            return Refusal("stalled")
        case ScheduleError():
            return Refusal("schedule")


def _choices(clock: VirtualClock) -> tuple[Choice, ...]:
    return tuple(Choice(candidates=each.candidates, taken=each.taken) for each in clock.choices)


def _play(
    scenario: Scenario, clock: VirtualClock, model_dir: Path, implementation: Implementation
) -> Trace:
    with (
        tf.Graph().as_default(),
        flagsaver.flagsaver(monolith_default_machine_info_mem_limit=scenario.default_mem_limit),
    ):
        play = _Play(scenario, clock, model_dir, implementation)
        with hook_logs_go_to(play.recorder, implementation), play.files_installed():
            try:
                return play.run()
            finally:
                play.recorder.let_files_go()


class _Play:
    """A run of one scenario, on the lane ``main``."""

    def __init__(
        self,
        scenario: Scenario,
        clock: VirtualClock,
        model_dir: Path,
        implementation: Implementation,
    ) -> None:
        self._scenario = scenario
        self._clock = clock
        self._model_dir = model_dir
        self._ledger = FaultLedger()
        self._machines = fake_servers(scenario, clock, self._ledger)
        self._job = Job(
            scenario,
            clock,
            self._ledger,
            model_dir,
            Stage(lambda: _health_ops(self._machines), local_config(_waiting_ops(scenario))),
            lambda barrier_op: Recorder(clock, barrier_op, model_dir, StateFiles(model_dir)),
            implementation,
        )
        self._workers: dict[int, Worker] = {}
        self._lanes = LanesBeside(clock, self._do)
        self.recorder = self._job.recorder

    def files_installed(self) -> AbstractContextManager[None]:
        """Let the files of TensorFlow fail as faults say."""
        return self._job.files.installed()

    def run(self) -> Trace:
        try:
            for i, fault in enumerate(self._scenario.faults):
                self._inject(fault, f"faults[{i}]")
            self._job.open()
            self._clock.settle()
            for i, step in enumerate(self._scenario.steps):
                try:
                    self._do(step, f"steps[{i}]")
                except Unplayable as error:
                    key = next(iter(step.model_dump(by_alias=True)))
                    raise error.at(f"steps[{i}]: {key}", i) from None
                self._clock.settle()
            if self._job.is_open:
                self._job.close()
            self._lanes.wait_for_background()
        finally:
            self._job.give_back()
        self.recorder.record(FilesEvent, left=files_left(self._model_dir))
        self.recorder.threads_left()
        return Trace.of(self.recorder.events, self._ledger.triggered())

    def _do(self, step: Step, place: str) -> None:
        job = self._job
        match step:
            case TrainStep():
                job.train(step.train)
            case AdvanceStep():
                self._clock.sleep(step.advance / 1000)
            case FaultStep():
                self._inject(step.fault, f"{place}.fault")
            case RpcStep():
                job.operator.call(step, place)
            case BackgroundStep():
                self._lanes.start_in_background(step, _index(place))
            case WorkerStep():
                self._train_worker(step.worker.index, step.worker.train)
            case ConcurrentlyStep():
                self._lanes.do_concurrently(step, _index(place))
            case RaiseStep():
                job.raise_in_body(step.raise_)
            case EndStep():
                job.close()
            case _:
                self._do_beside_training(step)

    def _do_beside_training(self, step: Step) -> None:
        job = self._job
        match step:
            case AddressFileStep():
                job.address_file.write(step.address_file)
            case ActionFileStep():
                write_content(self._model_dir / ACTION_FILENAME, step.action_file)
            case MachineInfoStep():
                info = step.machine_info
                limit = info.mem_limit
                self._machines[info.ps].create_machine_info(
                    logging_ops.default_mem_limit() if limit is None else limit
                )
            case ControllerOpStep():
                job.run_controller_op(step.controller_op)
            case TimerStep():
                job.switch_timer(step.timer)
            case LookStep(look="current_session"):
                job.look_at_current_session()
            case LookStep(look="action_response"):
                self.recorder.record(ActionResponseEvent, response=self._action_response())

    def _train_worker(self, index: int, steps: int) -> None:
        job = self._job
        job.must_be_open()
        if index not in self._workers:
            self._workers[index] = Worker(
                index,
                clock=self._clock,
                chief=job.chief,
                train_op=job.train_op,
                recorder=job.recorder,
                barrier_hook=job.barrier_hook(index),
            )
        self._workers[index].train(steps)

    def _action_response(self) -> str:
        path = self._model_dir / RESPONSE_FILENAME
        if not path.exists():
            return "none"
        return "OK" if path.read_text(encoding="utf-8") == "OK" else "error"

    def _inject(self, fault: Fault, place: str) -> None:
        self._ledger.declare(place)
        saver = self._job.saver
        if inject_machine_fault(self._machines, fault, place):
            return
        match fault:
            case SaveErrorFault(save_error=at):
                saver.fail(at.error, at.message, at.times, place)
            case ListenerErrorFault(listener_error=at):
                self._job.listener_faults.fail(
                    at.listener, at.method, at.error, at.message, at.times, place
                )
            case SlowSaveFault(slow_save=at):
                saver.slow_down(at.takes / 1000, place)
            case FileErrorFault(file_error=at):
                self._job.files.fail(FileFault(**at.model_dump(), place=place))


def _waiting_ops(scenario: Scenario) -> int:
    """Return the number of health ops that can wait at the same time: each hook's on each PS."""
    hooks = sum(isinstance(hook, PsHealthEntry) for hook in scenario.hooks)
    return hooks * scenario.cluster.ps


def _health_ops(machines: Sequence[FakePs]) -> HealthOps:
    fake = FakeMachines(machines)
    return HealthOps(
        num_ps=len(machines),
        ps_device_fn=lambda _: "",
        machine_info=fake.machine_info,
        check_machine_health=fake.check_machine_health,
    )


def _index(place: str) -> int:
    """Return 3 for ``steps[3]``."""
    return int(place.removeprefix("steps[").removesuffix("]"))
