"""The roles of a cluster's processes: the chief, a worker, a PS.

The chief runs the hooks and the controller. A worker trains on command, in a session of
its own, and is blocked by the barrier. A PS serves variables, and allocates memory on
command.
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from pathlib import Path
from typing import Any, Final

import tensorflow as tf
from absl import flags

from fakes.errors import named_error
from fakes.faults import FaultLedger
from monolith_hooks.barrier_ops import BarrierHook, BarrierOp
from monolith_hooks.ckpt_hooks import WorkerCkptHelper
from parity.kit.session import Session
from parity.kit.unplayable import Unplayable
from parity.players.cluster.memory import Ballast
from parity.players.cluster.placement import (
    SHARED_DEVICE,
    WorkerSessionCreator,
    chief_stage,
    join,
    machine_info_of,
)
from parity.players.cluster.reporting import ReportingRecorder
from parity.players.cluster.wire import (
    RoleAnswer,
    RoleChannel,
    RoleCommand,
    scenario_from,
    setting_from,
)
from parity.players.paced_clock import PacedClock
from parity.players.python.job import TensorFlowJob, callback, callbacks, has_input, input_element
from parity.players.python.recorder import hook_logs_go_to
from parity.players.python.workers import LastingStep
from parity.spec.steps import (
    AppendCallbackStep,
    ControllerOpStep,
    EndStep,
    LookStep,
    MachineInfo,
    MachineInfoStep,
    RaiseStep,
    Step,
    TimerStep,
    TrainStep,
)
from parity.spec.trace import ElementEvent, StepEvent

_VERSION_3: Final = 0x20080522
_DAC_OVERRIDE: Final = 1
_DAC_READ_SEARCH: Final = 2


def give_up_overriding_permissions() -> None:
    """Make file permissions apply to this process, even if it is root's.

    Raises:
        OSError: The system refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    # Effective, permitted, inheritable: each for capabilities 0-31, then for 32-63.
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) == 0:
        sets[0] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
        if libc.capset(header, sets) == 0:
            return
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Chief:
    """The chief, which executes commands on the thread that reads them, the lane ``main``."""

    def __init__(
        self, setting_document: object, scenario_document: object, channel: RoleChannel
    ) -> None:
        self._setting = setting_from(setting_document)
        self._scenario = scenario_from(scenario_document)
        flags.FLAGS[
            "monolith_default_machine_info_mem_limit"
        ].value = self._scenario.default_mem_limit
        self._clock = PacedClock(self._setting.pace, self._setting.began_ns)
        self._ledger = FaultLedger()
        self._server = join(self._setting)
        model_dir = Path(self._setting.model_dir)
        self._job = TensorFlowJob(
            self._scenario,
            self._clock,
            self._ledger,
            model_dir,
            chief_stage(self._setting, self._scenario, self._server.target),
            lambda barrier_op: ReportingRecorder(self._clock, barrier_op, model_dir, channel),
        )
        self.recorder = self._job.recorder
        self._session = Session(self._job, self.recorder)

    def execute(self, command: RoleCommand) -> RoleAnswer:
        """Execute a command, and return the state afterwards."""
        settled, refused = True, None
        try:
            match command.do:
                case "open":
                    self._session.open()
                case "step":
                    self._do(self._scenario.steps[command.number], command.number)
                case "end":
                    self._session.leave()
                case "settle":
                    settled = self._clock.settle(command.number / 1000)
                    self.recorder.look()
                case "finish":
                    self.recorder.threads_left()
        except Unplayable as error:
            refused = str(error)
        return RoleAnswer(
            refused=refused,
            open=self._session.is_open,
            settled=settled,
            polls=self._clock.polls(),
            struck=self._ledger.triggered(),
        )

    def _do(self, step: Step, number: int) -> None:
        match step:
            case TrainStep():
                self._session.train(step.train)
            case RaiseStep():
                raised = step.raise_
                self._session.leave(named_error(raised.error, raised.message))
            case EndStep():
                self._session.leave()
            case MachineInfoStep():
                self._create_machine_info(step.machine_info)
            case ControllerOpStep():
                self._session.must_be_open()
                self._job.run_controller_op(step.controller_op)
            case TimerStep():
                self._job.switch_timer(step.timer)
            case AppendCallbackStep():
                index = self._scenario.callback_index(number)
                self._job.append_callback(index, step.append_callback)
            case LookStep():
                self._job.look_at_current_session()

    def _create_machine_info(self, info: MachineInfo) -> None:
        """Create machine info in a separate session, as it outlives sessions on the PS (B1)."""
        with tf.Graph().as_default():
            op = machine_info_of(info.ps, info.mem_limit).op
            with tf1.Session(self._server.target, config=self._job.config) as session:
                session.run(op)


def run_chief(setting_document: Any, scenario_document: Any) -> None:
    """Execute commands until the player has ended."""
    give_up_overriding_permissions()
    channel = RoleChannel()
    with tf.Graph().as_default():
        chief = Chief(setting_document, scenario_document, channel)
        with hook_logs_go_to(chief.recorder):
            channel.answer(RoleAnswer())
            for command in channel.commands():
                channel.answer(chief.execute(command))


tf1 = tf.compat.v1


class WorkerRole:
    """A worker: one thread reads commands, the lane ``worker-<i>`` takes the training steps."""

    def __init__(
        self, setting_document: object, scenario_document: object, channel: RoleChannel
    ) -> None:
        self._setting = setting_from(setting_document)
        scenario = scenario_from(scenario_document)
        self._scenario = scenario
        self._index = self._setting.task + 1  # The chief is worker 0.
        self._clock = PacedClock(self._setting.pace, self._setting.began_ns)
        self._server = join(self._setting)
        self._graph = tf1.get_default_graph()
        self._element = input_element() if has_input(scenario) else None
        helper = None
        with tf.device(SHARED_DEVICE):
            global_step = tf1.train.get_or_create_global_step()
            self._train_op = tf1.assign_add(global_step, 1)
            if self._element is not None:
                helper = WorkerCkptHelper(self._setting.model_dir, self._index)
            self._callbacks = [
                *callbacks(scenario, lambda: self._recorder, self._clock),
                *([helper.create_save_iterator_callback()] if helper else []),
            ]
            self._barrier_op = BarrierOp(
                scenario.cluster.barrier_capacity(),
                is_chief=False,
                wait_seconds=scenario.barrier.wait / 1000,
                barrier_callbacks=self._callbacks,
                clock=self._clock,
            )
        self._lasting = LastingStep(self._clock)
        self._hooks: list[Any] = [self._lasting, BarrierHook(self._index, self._barrier_op)]
        if helper is not None:
            self._hooks.append(helper.create_restorer_hook())
        self._recorder = ReportingRecorder(
            self._clock, self._barrier_op, Path(self._setting.model_dir), channel
        )
        self._inbox: deque[RoleCommand] = deque()
        self._started = False

    def execute(self, command: RoleCommand) -> RoleAnswer:
        """Execute a command, or pass it to the worker's lane."""
        settled = True
        match command.do:
            case "train":
                self._inbox.append(command)
                self._clock.look_again()
                if not self._started:
                    self._started = True
                    self._clock.start_lane(self._work, f"worker-{self._index}")
            case "settle":
                settled = self._clock.settle(command.number / 1000)
            case "step":
                self._append_callback(command.number)
            case "leave":
                self._recorder.silent = True
        return RoleAnswer(settled=settled)

    def _append_callback(self, number: int) -> None:
        step, index = self._scenario.steps[number], self._scenario.callback_index(number)
        assert isinstance(step, AppendCallbackStep), "workers do no other step"
        appended = callback(index, step.append_callback, lambda: self._recorder, self._clock)
        self._callbacks.append(appended)

    def _work(self) -> None:
        with self._graph.as_default():
            session = tf1.train.MonitoredSession(
                WorkerSessionCreator(self._setting, self._server.target),
                hooks=self._hooks,
            )
            while True:
                self._clock.wait_until(lambda: bool(self._inbox))
                given = self._inbox.popleft()
                self._lasting.takes = given.takes
                for _ in range(given.number):
                    try:
                        fetches = (
                            [self._train_op]
                            if self._element is None
                            else [self._train_op, self._element]
                        )
                        global_step, *elements = map(int, session.run(fetches))
                    except Exception as error:  # noqa: BLE001 - it ends this worker
                        self._recorder.raised(error)
                        return
                    for value in elements:
                        self._recorder.record(ElementEvent, value=value)
                    self._recorder.record(StepEvent, worker=self._index, global_step=global_step)


def run_worker(setting_document: Any, scenario_document: Any) -> None:
    """Execute commands until the player has ended."""
    channel = RoleChannel()
    with tf.Graph().as_default():
        worker = WorkerRole(setting_document, scenario_document, channel)
        channel.answer(RoleAnswer())
        for command in channel.commands():
            channel.answer(worker.execute(command))


def run_ps(setting_document: object) -> None:
    """Serve variables, and execute commands until the player has ended."""
    setting = setting_from(setting_document)
    server = join(setting)
    ballast, channel = Ballast(), RoleChannel()
    channel.answer(RoleAnswer())
    for command in channel.commands():
        match command.do:
            case "grow":
                ballast.grow_to(command.number)
            case "allocate":
                ballast.allocate(command.number)
        channel.answer(RoleAnswer())
    del server
