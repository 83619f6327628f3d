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

from fakes import faults as ps_faults
from fakes.faults import FaultLedger
from fakes.faulty_files import FileFault
from fakes.lane import Lane
from fakes.lane_pool import BACKGROUND_PREFIX, CONCURRENT_PREFIX
from fakes.machines import FakeMachines, FakePs
from fakes.scheduler import DeadlockError, StalledError
from fakes.turns import ScheduleError
from fakes.virtual_clock import VirtualClock
from monolith_hooks import logging_ops
from monolith_hooks.action_files import ACTION_FILENAME, RESPONSE_FILENAME
from parity.base import project
from parity.players.environment import plain_umask
from parity.players.model_folder import model_folder
from parity.players.outcome import (
    IN_VIRTUAL_TIME,
    Failed,
    Maker,
    Outcome,
    Played,
    Refusal,
    UnplayableError,
)
from parity.players.python.hook_logs import hook_logs_go_to
from parity.players.python.implementation import OURS, Implementation
from parity.players.python.interrupts import interrupt_afterwards
from parity.players.python.job import Job
from parity.players.python.job_hooks import HealthOps
from parity.players.python.recorder import Recorder
from parity.players.python.scenario_files import (
    files_left,
    write_content,
)
from parity.players.python.stage import Stage, local_config
from parity.players.python.state_files import StateFiles
from parity.players.python.workers import Worker
from parity.spec.faults import (
    Fault,
    FileErrorFault,
    HealthBytesFault,
    ListenerErrorFault,
    PollErrorFault,
    RecoverFault,
    RssFault,
    SaveErrorFault,
    SlowPollFault,
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
            except (UnplayableError, DeadlockError, StalledError, ScheduleError) as error:
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
    error: UnplayableError | DeadlockError | StalledError | ScheduleError,
) -> Refusal:
    match error:
        case UnplayableError():
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
        with (
            contextlib.closing(play.recorder),
            hook_logs_go_to(play.recorder, implementation),
            play.files_installed(),
        ):
            return play.run()


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
        self._machines = [FakePs(clock, self._ledger, each.rss) for each in scenario.all_machines()]
        for machine, each in zip(self._machines, scenario.all_machines(), strict=True):
            if each.mem_limit is not None:
                machine.create_machine_info(each.mem_limit)
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
        self._background: list[Lane] = []
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
                except UnplayableError as error:
                    key = next(iter(step.model_dump(by_alias=True)))
                    raise UnplayableError(f"steps[{i}]: {key}: {error}", step=i) from None
                self._clock.settle()
            if self._job.is_open:
                self._job.close()
            self._wait_for(self._background)
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
                self._start_in_background(step, place)
            case WorkerStep():
                self._train_worker(step.worker.index, step.worker.train)
            case ConcurrentlyStep():
                self._do_concurrently(step, place)
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

    def _start_in_background(self, step: BackgroundStep, place: str) -> None:
        index = _index(place)

        def do() -> None:
            self._clock.sleep(step.after / 1000)
            try:
                self._do(step.background, f"{place}.background")
            except UnplayableError as error:
                raise UnplayableError(f"{place}: background: {error}", step=int(index)) from None

        self._background.append(self._clock.start_lane(do, f"{BACKGROUND_PREFIX}{index}"))

    def _do_concurrently(self, step: ConcurrentlyStep, place: str) -> None:
        branches = [
            self._clock.start_lane(
                lambda branch=branch: self._do(  # type: ignore[misc]
                    branch, f"{place}.concurrently"
                ),
                f"{CONCURRENT_PREFIX}{_index(place)}",
                twin=_effect_of(branch),
            )
            for branch in step.concurrently
        ]
        self._wait_for(branches)

    def _wait_for(self, lanes: Sequence[Lane]) -> None:
        self._clock.wait_until(lambda: all(lane.ended for lane in lanes))
        for lane in lanes:
            if lane.error is not None:
                raise lane.error

    def _action_response(self) -> str:
        path = self._model_dir / RESPONSE_FILENAME
        if not path.exists():
            return "none"
        return "OK" if path.read_text(encoding="utf-8") == "OK" else "error"

    def _inject(self, fault: Fault, place: str) -> None:
        self._ledger.declare(place)
        ps = self._machines
        saver = self._job.saver
        match fault:
            case RssFault(rss=at):
                ps[at.ps].inject(ps_faults.Rss(at.bytes), place)
            case HealthBytesFault(health_bytes=at):
                ps[at.ps].inject(ps_faults.HealthBytes(bytes.fromhex(at.hex)), place)
            case PollErrorFault(poll_error=at):
                ps[at.ps].inject(ps_faults.PollError(), place)
            case SlowPollFault(slow_poll=at):
                ps[at.ps].inject(ps_faults.SlowPoll(at.takes / 1000), place)
            case RecoverFault(recover=at):
                ps[at.ps].inject(ps_faults.Recovered(), place)
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


def _effect_of(branch: RpcStep | WorkerStep) -> str:
    """Return a text that is equal for branches that do the same, whatever they expect."""
    return branch.model_dump_json(include={"rpc", "deadline", "server", "worker"})


def _index(place: str) -> str:
    """Return ``3`` for ``steps[3]``."""
    return place.removeprefix("steps[").removesuffix("]")
