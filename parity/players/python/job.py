"""The training job of a run: its graph, its hooks and its session, on real TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from fakes.faults import FaultLedger
from fakes.faulty_files import FaultyFiles, Operation
from fakes.faulty_saver import FaultySaver
from fakes.probes import ListenerFaults
from fakes.virtual_clock import VirtualClock
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import Clock
from parity.kit.model_folder import known_files
from parity.kit.session import Trained
from parity.players.paced_clock import PacedClock
from parity.players.python.address_file import AddressFile
from parity.players.python.implementation import OURS, Implementation
from parity.players.python.job_hooks import HookMaker, server_folder, set_options
from parity.players.python.operator import ScriptedOperator
from parity.players.python.recorder import Recorder
from parity.players.python.slot_counts import add_tables
from parity.players.python.stage import Stage
from parity.players.python.workers import ChiefSession
from parity.spec.hooks import InputEntry, StopHelperEntry
from parity.spec.scenario import Scenario
from parity.spec.steps import CallbackKind, ControllerOp, TimerSwitch
from parity.spec.trace import (
    CallbackEvent,
    CurrentSessionEvent,
    FileErrorEvent,
    SessionEvent,
)

tf1 = tf.compat.v1


def callback(
    index: int, kind: CallbackKind, recorder: Callable[[], Recorder], clock: Clock
) -> Callable[[str, Any], None]:
    """Return a callback of the barrier; ``recorder`` is called when it is."""

    def called(action: str, session: object) -> None:
        del session
        recorder().record(CallbackEvent, callback=index, action=action)
        if kind == "slow":
            clock.sleep(1)
        if kind == "raise":
            raise RuntimeError("callback failed")

    return called


def callbacks(
    scenario: Scenario, recorder: Callable[[], Recorder], clock: Clock
) -> list[Callable[[str, Any], None]]:
    """Return the barrier's callbacks of a scenario; ``recorder`` is called when they are."""
    kinds = enumerate(scenario.barrier.callbacks)
    return [callback(index, kind, recorder, clock) for index, kind in kinds]


def has_input(scenario: Scenario) -> bool:
    """Return whether the job's processes have an input."""
    return any(isinstance(hook, InputEntry) for hook in scenario.hooks)


def input_element() -> tf.Tensor:
    """Return the next element of an iterator over 0, 1, 2, ..., which the graph keeps."""
    return tf1.data.make_one_shot_iterator(tf.data.Dataset.range(2**62)).get_next()


def _counted(global_step: int | None) -> tf.Variable:
    """Return the graph's new global step, or a counter of steps in a graph without one."""
    collections = [tf1.GraphKeys.GLOBAL_VARIABLES]
    if global_step is not None:
        collections.append(tf1.GraphKeys.GLOBAL_STEP)
    return tf1.get_variable(
        "steps" if global_step is None else tf1.GraphKeys.GLOBAL_STEP,
        initializer=tf.constant(global_step or 0, tf.int64),
        trainable=False,
        collections=collections,
    )


class _ObserverHook(tf.compat.v1.train.SessionRunHook):
    """The last hook, which observes a new session and its end after all others."""

    def __init__(
        self, created: Callable[[tf.compat.v1.Session], None], ended: Callable[[], None]
    ) -> None:
        self._created = created
        self._ended = ended

    def after_create_session(self, session: tf.compat.v1.Session, coord: object) -> None:
        del coord
        self._created(session)

    def end(self, session: tf.compat.v1.Session) -> None:
        del session
        self._ended()


class TensorFlowJob:
    """The job of the chief of one run, in the default graph.

    Only the lane that has the turn may use it.

    Args:
        scenario: The scenario to play.
        clock: The clock of hooks and calls.
        ledger: Records whether probes have raised.
        model_dir: The directory of the checkpoints.
        stage: The placement of its session, its variables and its PS.
        make_recorder: Returns the recorder for a barrier.
        implementation: The modules of its hooks.
    """

    def __init__(
        self,
        scenario: Scenario,
        clock: VirtualClock | PacedClock,
        ledger: FaultLedger,
        model_dir: Path,
        stage: Stage,
        make_recorder: Callable[[BarrierOp], Recorder],
        implementation: Implementation = OURS,
    ) -> None:
        self._implementation = implementation
        self.clock = clock
        self._scenario = scenario
        self._model_dir = model_dir
        self._stage = stage
        self.config = stage.config
        self._of_session().SetCurrentSessionHook().end(None)  # An earlier run may have left one.
        stop_helpers = [
            implementation.of("controller_hooks").StopHelper()
            for hook in scenario.hooks
            if isinstance(hook, StopHelperEntry)
        ]
        self._element = input_element() if has_input(scenario) else None
        with tf.device(stage.device):
            self.train_op = tf1.assign_add(_counted(scenario.global_step), 1)
            add_tables(scenario)
            ckpt_helper = None
            if self._element is not None:
                ckpt_hooks = implementation.of("ckpt_hooks")
                ckpt_helper = ckpt_hooks.WorkerCkptHelper(str(model_dir), 0)
            self._callbacks = [
                *callbacks(scenario, lambda: self.recorder, clock),
                *(helper.create_barrier_callback() for helper in stop_helpers),
                *([ckpt_helper.create_save_iterator_callback()] if ckpt_helper else []),
            ]
            self.barrier_op = implementation.make(
                "barrier_ops",
                "BarrierOp",
                scenario.cluster.barrier_capacity(),
                barrier_callbacks=self._callbacks,
                only_ours={"clock": clock},
                **set_options(
                    scenario.barrier, wait_seconds=("wait", scenario.barrier.wait / 1000)
                ),
            )
        self.recorder = make_recorder(self.barrier_op)
        self.saver = FaultySaver(clock, ledger, self.recorder)
        self.listener_faults = ListenerFaults(ledger)
        self.files = FaultyFiles(model_dir, ledger, self._file_failed)
        self.address_file = AddressFile(server_folder(scenario, model_dir), self.recorder)
        self.operator = ScriptedOperator(clock, self.recorder, self.address_file)
        self._make = HookMaker(
            implementation=implementation,
            clock=clock,
            ledger=ledger,
            recorder=self.recorder,
            health=stage.health,
            barrier_op=self.barrier_op,
            held=scenario.barrier.held,
            saver=self.saver,
            model_dir=model_dir,
            server_folder=self.address_file.folder,
            operator=self.operator,
            stop_helpers=iter(stop_helpers),
            listener_faults=self.listener_faults,
            ckpt_helper=ckpt_helper,
            current_session=lambda: self.chief.current,
        )
        self._hooks = [
            *self._make.all(scenario.hooks),
            self.barrier_hook(0),
            _ObserverHook(self._session_created, self.recorder.close),
        ]
        self.chief = ChiefSession(tf1.get_default_graph())
        self._session: Any = None

    def barrier_hook(self, index: int) -> Any:
        """Return a worker's BarrierHook."""
        return self._implementation.of("barrier_ops").BarrierHook(index, self.barrier_op)

    def _of_session(self) -> Any:
        return self._implementation.of("session_hooks")

    def open(self) -> None:
        """Create the session."""
        # The chief initialises every variable itself: a check for uninitialised ones would
        # take another third of a run.
        scaffold = tf1.train.Scaffold(
            saver=self.saver,
            local_init_op=self._stage.local_init_op(),
            ready_op=tf.constant([], tf.string),
            ready_for_local_init_op=tf.constant([], tf.string),
        )
        options = {
            "checkpoint_dir": str(self._model_dir),
            "config": self._stage.config,
            "master": self._stage.master,
        }
        try:
            if self._scenario.session == "singular":
                self._session = tf1.train.SingularMonitoredSession(
                    hooks=self._hooks, scaffold=scaffold, **options
                )
            else:
                creator = tf1.train.ChiefSessionCreator(scaffold, **options)
                self._session = tf1.train.MonitoredSession(creator, hooks=self._hooks)
        except BaseException:
            self.chief.current = None
            raise

    def train(self) -> Trained | None:
        """Take one training step of the chief; None if a hook requested a stop."""
        if self._session.should_stop():
            return None
        fetches = [self.train_op] if self._element is None else [self.train_op, self._element]
        global_step, *elements = map(int, self._session.run(fetches))
        return Trained(global_step, *elements)

    def leave(self, error: BaseException | None) -> None:
        """Leave the session as its ``with`` block would be left."""
        try:
            with self._session:
                if error is not None:
                    raise error
        finally:
            self.chief.current = None

    def run_controller_op(self, name: ControllerOp) -> None:
        """Run an op of the ControllerHook on the chief's session, outside a step."""
        assert self.chief.current is not None, "an open session was seen by the observer"
        hook = self._make.controller()
        ops = {"stop_op": hook.stop_op, "trigger_save_op": hook.trigger_save_op}
        self.chief.current.run(ops[name])

    def switch_timer(self, way: TimerSwitch) -> None:
        """Call ``enable`` or ``disable`` of the first saver hook's timer."""
        timer = self._make.first_saver().timer
        if way == "enable":
            timer.enable()
        else:
            timer.disable()

    def append_callback(self, index: int, kind: CallbackKind) -> None:
        """Append a callback to the list that the barrier was given."""
        self._callbacks.append(callback(index, kind, lambda: self.recorder, self.clock))

    def look_at_current_session(self) -> None:
        """Record the result of get_current_session."""
        current = self._of_session().get_current_session()
        seen = "none" if current is None else "left"
        if current is not None and current is self.chief.current:
            seen = "current"
        self.recorder.record(CurrentSessionEvent, session=seen)

    def give_back(self) -> None:
        """Stop all servers and listeners."""
        self.address_file.close()
        self._make.stop_servers()

    def _session_created(self, session: tf.compat.v1.Session) -> None:
        self.chief.current = session
        self.recorder.session_opens(session)
        self.recorder.record(SessionEvent, state="created")
        self.address_file.look()

    def _file_failed(self, operation: Operation, file: str) -> None:
        left = known_files(self._model_dir)
        self.recorder.record(FileErrorEvent, operation=operation, file=file, left=left)
