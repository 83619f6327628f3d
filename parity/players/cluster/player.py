"""The player ``cluster``: monolith_hooks on TensorFlow's distributed runtime, in real processes.

PS, chief and workers are processes of this machine. Memory, kills and full disks are
real, and so is time, but a scenario's minutes are played in seconds (docs/cluster.md).
The processes send their events to this one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from monolith_hooks.action_files import ACTION_FILENAME, RESPONSE_FILENAME
from parity.base import project
from parity.kit.model_folder import files_left, model_folder, write_action, write_content
from parity.kit.unplayable import Unplayable
from parity.players.cluster.cluster import ClusterProcesses
from parity.players.cluster.faults import ClusterFaults, ShortOfMemoryError
from parity.players.cluster.processes import ProcessLostError, RoleTimeoutError, Zygote
from parity.players.cluster.wire import RoleAnswer, RoleCommand, TimestampedEvent
from parity.players.outcome import (
    Failed,
    Late,
    Maker,
    Outcome,
    Played,
    Refusal,
    Skipped,
)
from parity.players.paced_clock import PacedClock
from parity.players.python.address_file import AddressFile
from parity.players.python.job_hooks import server_folder
from parity.players.python.operator import ScriptedOperator
from parity.spec.faults import Need
from parity.spec.loading import ScenarioFile
from parity.spec.scenario import Scenario
from parity.spec.schedules import Schedule
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
)
from parity.spec.trace import CHANNELS, ActionResponseEvent, Event, FilesEvent, Trace


class PlayerEvents:
    """Event sink of the player's own events; any thread may record.

    Args:
        clock: The player's clock.
        take: Called with each event.
    """

    def __init__(self, clock: PacedClock, take: Callable[[TimestampedEvent], None]) -> None:
        self._clock = clock
        self._take = take

    def record(self, event: Callable[..., Event], **fields: Any) -> None:
        """Record an event at the current time and lane."""
        made = event(ms=self._clock.milliseconds, lane=self._clock.label, **fields)
        self._take(TimestampedEvent(at=time.monotonic_ns(), event=made))


_MAKER: Final = Maker(
    implementation="monolith_hooks on a cluster", language="python", version=project.version()
)
_ADVANCE_SECONDS: Final = 2.0
"""Most real time of all the advances of a scenario together."""
_RPC_SECONDS: Final = 10.0
"""Real time after which a call without a deadline in the scenario is given up."""
_DOWN_SECONDS: Final = 1.0
"""Time to wait for the others while a process is dead or stopped, as they may wait for it."""


class ClusterPlayer:
    """Player of scenarios on real processes, all of which one child process starts.

    Args:
        limit: Real seconds that a process may take to answer.
    """

    name = "cluster"
    can: frozenset[Need] = frozenset({"kill", "stop_process", "real_memory", "disk"})
    channels = CHANNELS

    def __init__(self, limit: float = 60.0) -> None:
        self._limit = limit
        self._zygote = Zygote()

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Play one scenario in real time; the seed and the schedule have no effect."""
        del seed, schedule
        if file.scenario.cluster.ps == 0:
            return Skipped("needs at least one PS to host the variables")
        with model_folder() as folder:
            try:
                return _Play(file.scenario, self._zygote, folder, self._limit).run()
            except Unplayable as error:
                return Failed("refused", str(error), refusal=Refusal("unplayable", error.step))
            except ShortOfMemoryError as error:
                return Skipped(str(error))
            except ProcessLostError as error:
                return Failed("crashed", str(error), error.log_tail)
            except RoleTimeoutError as error:
                return Failed("hung", str(error), error.log_tail)

    def close(self) -> None:
        """End the process that starts the others."""
        self._zygote.close()


def pace_of(scenario: Scenario) -> float:
    """Return the number of the scenario's seconds in a real second, at least 1."""
    advances = sum(step.advance for step in scenario.steps if isinstance(step, AdvanceStep))
    return max(1.0, advances / 1000 / _ADVANCE_SECONDS)


class _Play:
    """A run of one scenario."""

    def __init__(self, scenario: Scenario, zygote: Zygote, model_dir: Path, limit: float) -> None:
        self._scenario = scenario
        self._limit = limit
        self._model_dir = model_dir
        self._pace = pace_of(scenario)
        self._events: list[TimestampedEvent] = []
        self._cluster = ClusterProcesses(
            scenario, zygote, model_dir, self._pace, limit, self._events.append
        )
        self._clock = PacedClock(self._pace, self._cluster.began_ns)
        self._own_events = PlayerEvents(self._clock, self._events.append)
        self._address_file = AddressFile(
            server_folder(scenario, model_dir), PlayerEvents(self._clock, lambda _: None)
        )
        self._operator = ScriptedOperator(self._clock, self._own_events, self._address_file)
        self._faults = ClusterFaults(self._cluster, scenario, self._ask, model_dir)
        self._chief = RoleAnswer()
        self._background: list[_Branch] = []
        self._late: list[Late] = []

    def run(self) -> Outcome:
        scenario = self._scenario
        try:
            with self._cluster:
                self._faults.apply_initial_memory()
                for i, fault in enumerate(scenario.faults):
                    self._faults.inject(fault, f"faults[{i}]", self._chief.polls)
                self._ask_chief(RoleCommand(do="open"))
                self._settle()
                for i, step in enumerate(scenario.steps):
                    self._do_in_time(step, f"steps[{i}]", i)
                if self._chief.open:
                    self._leave(RoleCommand(do="end"))
                for branch in self._background:
                    branch.join()
                self._own_events.record(FilesEvent, left=files_left(self._model_dir))
                if "chief" not in self._cluster.down:
                    self._ask_chief(RoleCommand(do="finish"))
        finally:
            self._address_file.close()
            self._faults.undo()
        by_time = sorted(self._events, key=lambda each: each.at)
        trace = Trace.of((each.event for each in by_time), self._faults.triggered())
        return Played(trace, by=_MAKER, late=tuple(self._late), ordering="untimed")

    def _do_in_time(self, step: Step, place: str, index: int) -> None:
        began = self._clock.milliseconds
        try:
            self._do(step, place, index)
        except Unplayable as error:
            key = next(iter(step.model_dump(by_alias=True)))
            raise Unplayable(f"{place}: {key}: {error}", step=index) from None
        self._settle()
        took = self._clock.milliseconds - began
        within: int | None = getattr(step, "within", None)
        if within is not None and took > within:
            self._late.append(Late(place, within, took))

    def _do(self, step: Step, place: str, index: int) -> None:
        match step:
            case AdvanceStep():
                time.sleep(step.advance / 1000 / self._pace)
            case FaultStep():
                self._faults.inject(step.fault, f"{place}.fault", self._chief.polls)
            case RpcStep():
                self._call(step, place)
            case BackgroundStep(background=RpcStep() as call):
                path = f"{place}.background"
                self._background.append(
                    _Branch(self._clock, f"background-{index}", lambda: self._call(call, path))
                )
            case WorkerStep():
                self._train_worker(step)
            case ConcurrentlyStep():
                self._do_concurrently(step, f"{place}.concurrently", index)
            case RaiseStep() | EndStep():
                self._leave(RoleCommand(do="step", number=index))
            case TrainStep() | MachineInfoStep() | ControllerOpStep() | TimerStep():
                self._ask_chief(RoleCommand(do="step", number=index))
            case AppendCallbackStep():
                command = RoleCommand(do="step", number=index)
                self._ask_chief(command)
                self._ask_workers(command)
            case LookStep(look="current_session"):
                self._ask_chief(RoleCommand(do="step", number=index))
            case LookStep(look="action_response"):
                self._own_events.record(ActionResponseEvent, response=self._action_response())
            case AddressFileStep() | ActionFileStep() | StateFileStep():
                self._write_file(step)

    def _write_file(self, step: AddressFileStep | ActionFileStep | StateFileStep) -> None:
        match step:
            case AddressFileStep():
                self._address_file.write(step.address_file)
            case ActionFileStep():
                write_action(self._model_dir / ACTION_FILENAME, step.action_file)
            case StateFileStep(state_file=written):
                write_content(self._model_dir / written.file, written.content)

    def _call(self, step: RpcStep, place: str) -> None:
        deadline = step.deadline or int(_RPC_SECONDS * self._pace * 1000)
        self._operator.call(step.model_copy(update={"deadline": deadline}), place)

    def _do_concurrently(self, step: ConcurrentlyStep, place: str, index: int) -> None:
        branches = [
            _Branch(
                self._clock,
                f"concurrently-{index}",
                lambda branch=branch: self._do(branch, place, index),  # type: ignore[misc]
            )
            for branch in step.concurrently
        ]
        for branch in branches:
            branch.join()

    def _train_worker(self, step: WorkerStep) -> None:
        if not self._chief.open:
            raise Unplayable("the session was left before")
        name = f"worker-{step.worker.index}"
        self._ask(
            name, RoleCommand(do="train", number=step.worker.train, takes=step.worker.takes / 1000)
        )

    def _leave(self, command: RoleCommand) -> None:
        """Make the chief leave its session, and silence the workers after that."""
        self._ask_chief(command)
        if not self._chief.open:
            self._silence_workers()

    def _silence_workers(self) -> None:
        self._ask_workers(RoleCommand(do="leave"))

    def _ask_workers(self, command: RoleCommand) -> None:
        for process in self._cluster.running():
            if process.name.startswith("worker"):
                process.ask(command, self._limit)

    def _settle(self) -> None:
        """Wait until every thread of chief and workers waits for a later time or a lost process."""
        limit = _DOWN_SECONDS if self._cluster.down else self._limit
        command = RoleCommand(do="settle", number=int(limit * 1000))
        for process in self._cluster.running():
            if process.name == "chief":
                answer = self._ask_chief(command)
            elif process.name.startswith("worker"):
                answer = process.ask(command, limit + self._limit)
            else:
                continue
            if not answer.settled and not self._cluster.down:
                raise RoleTimeoutError(
                    f"{process.name} neither waits nor ends within {limit:g} s", process.log_tail
                )
        self._faults.polled(self._chief.polls)

    def _ask_chief(self, command: RoleCommand) -> RoleAnswer:
        was_open = self._chief.open
        self._chief = answer = self._ask("chief", command)
        if answer.refused is not None:
            raise Unplayable(answer.refused)
        self._faults.mark_probes(answer.struck)
        self._address_file.look()
        if was_open and not answer.open:
            self._silence_workers()
        return answer

    def _ask(self, name: str, command: RoleCommand) -> RoleAnswer:
        if name in self._cluster.down:
            raise Unplayable(f"{name} is dead or stopped; expected a restart or thaw before")
        return self._cluster.processes[name].ask(command, self._limit)

    def _action_response(self) -> str:
        path = self._model_dir / RESPONSE_FILENAME
        if not path.exists():
            return "none"
        return "OK" if path.read_text(encoding="utf-8") == "OK" else "error"


class _Branch:
    """A task on a thread of its own."""

    def __init__(self, clock: PacedClock, label: str, target: Callable[[], None]) -> None:
        self._error: BaseException | None = None
        self._clock = clock
        self._label = label
        self._target = target
        self._thread = threading.Thread(target=self._run, name=label, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the task, and raise its error if it raised one."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        self._clock.label = self._label
        try:
            self._target()
        except BaseException as error:  # noqa: BLE001 - join raises it
            self._error = error
