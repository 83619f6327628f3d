"""The training job of a play: its graph, its hooks and its session, on real TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from fakes.errors import named_error
from fakes.faults import FaultLedger
from fakes.faulty_saver import FaultySaver
from fakes.machines import FakePs
from fakes.virtual_clock import VirtualClock
from monolith_hooks import logging_ops, session_hooks
from monolith_hooks.barrier_ops import BarrierHook, BarrierOp
from monolith_hooks.controller_hooks import StopHelper
from parity.hooks import StopHelperEntry
from parity.players.address_file import AddressFile
from parity.players.job_hooks import HookMaker, server_folder
from parity.players.operator import Operator
from parity.players.outcome import UnplayableError
from parity.players.recorder import Recorder
from parity.players.workers import ChiefSession, Worker
from parity.scenario import Scenario
from parity.steps import MachineInfo, Raised
from parity.trace import CallbackEvent, CurrentSessionEvent, SessionEvent, StepEvent

tf1 = tf.compat.v1

# A health check that waits holds a thread of the pool, so each session has a pool of its own
# and a few more threads than cores: the process's pool has the size its first session chose.
_CONFIG = tf1.ConfigProto(
    intra_op_parallelism_threads=1, inter_op_parallelism_threads=4, use_per_session_threads=True
)
# Optimising a graph that is run a few times costs more than it saves: a third of a play.
_CONFIG.graph_options.rewrite_options.disable_meta_optimizer = True
_CONFIG.graph_options.optimizer_options.opt_level = tf1.OptimizerOptions.L0


_Left = (Exception, KeyboardInterrupt, SystemExit)
"""What can leave a session; not LaneLeftError, which ends the play itself."""


class _ObserverHook(tf.compat.v1.train.SessionRunHook):
    """The last hook: sees a new session when all others have, and its end likewise."""

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


class Job:
    """Everything that trains in one play, in the default graph; for the lane that has the turn."""

    def __init__(
        self, scenario: Scenario, clock: VirtualClock, ledger: FaultLedger, model_dir: Path
    ) -> None:
        self._scenario = scenario
        self._clock = clock
        self._model_dir = model_dir
        session_hooks.SetCurrentSessionHook().end(None)  # An earlier play may have left one.
        self.machines = [FakePs(clock, ledger, each.rss) for each in scenario.all_machines()]
        for machine, each in zip(self.machines, scenario.all_machines(), strict=True):
            if each.mem_limit is not None:
                machine.create_machine_info(each.mem_limit)

        global_step = tf1.train.get_or_create_global_step()
        self._train_op = tf1.assign_add(global_step, 1)
        stop_helpers = [
            StopHelper() for hook in scenario.hooks if isinstance(hook, StopHelperEntry)
        ]
        self._barrier_op = BarrierOp(
            scenario.cluster.barrier_capacity(),
            wait_seconds=scenario.barrier.wait / 1000,
            barrier_callbacks=[
                *(self._callback(i, kind) for i, kind in enumerate(scenario.barrier.callbacks)),
                *(helper.create_barrier_callback() for helper in stop_helpers),
            ],
            clock=clock,
        )
        self.recorder = Recorder(clock, self._barrier_op, model_dir)
        self.saver = FaultySaver(clock, ledger, self.recorder)
        self.address_file = AddressFile(server_folder(scenario, model_dir), self.recorder)
        self.operator = Operator(clock, self.recorder, self.address_file)
        self._make = HookMaker(
            clock=clock,
            ledger=ledger,
            recorder=self.recorder,
            machines=self.machines,
            barrier_op=self._barrier_op,
            saver=self.saver,
            model_dir=model_dir,
            server_folder=self.address_file.folder,
            operator=self.operator,
            stop_helpers=iter(stop_helpers),
            current_session=lambda: self._chief.current,
        )
        self._hooks = [
            *self._make.all(scenario.hooks),
            BarrierHook(0, self._barrier_op),
            _ObserverHook(self._session_created, self.recorder.session_closes),
        ]
        self._chief = ChiefSession(tf1.get_default_graph())
        self._workers: dict[int, Worker] = {}
        self._session: Any = None

    @property
    def is_open(self) -> bool:
        """Whether the session hasn't been left."""
        return self._session is not None

    def open(self) -> None:
        """Create the session; an exception that leaves it is taken down."""
        # The chief initialises every variable itself: to ask which ones it didn't would
        # take another third of a play.
        scaffold = tf1.train.Scaffold(
            saver=self.saver,
            ready_op=tf.constant([], tf.string),
            ready_for_local_init_op=tf.constant([], tf.string),
        )
        options = {"checkpoint_dir": str(self._model_dir), "config": _CONFIG}
        try:
            if self._scenario.session == "singular":
                self._session = tf1.train.SingularMonitoredSession(
                    hooks=self._hooks, scaffold=scaffold, **options
                )
            else:
                creator = tf1.train.ChiefSessionCreator(scaffold, **options)
                self._session = tf1.train.MonitoredSession(creator, hooks=self._hooks)
        except _Left as error:
            self._was_left(error)

    def train(self, steps: int) -> None:
        """Let the chief take training steps; an exception in one leaves the session."""
        self._must_be_open()
        for _ in range(steps):
            if self._session.should_stop():
                return
            try:
                global_step = int(self._session.run(self._train_op))
            except _Left as error:
                self._leave(error)
                return
            self.recorder.record(StepEvent, worker=0, global_step=global_step)

    def train_worker(self, index: int, steps: int) -> None:
        """Put training steps into a worker's inbox."""
        self._must_be_open()
        if index not in self._workers:
            self._workers[index] = Worker(
                index,
                clock=self._clock,
                chief=self._chief,
                barrier_op=self._barrier_op,
                train_op=self._train_op,
                recorder=self.recorder,
            )
        self._workers[index].train(steps)

    def create_machine_info(self, info: MachineInfo) -> None:
        """Create a PS's machine info, as a job's own op does."""
        limit = logging_ops.default_mem_limit() if info.mem_limit is None else info.mem_limit
        self.machines[info.ps].create_machine_info(limit)

    def run_controller_op(self, name: str) -> None:
        """Run an op of the ControllerHook on the chief's session, outside a step."""
        self._must_be_open()
        assert self._chief.current is not None, "an open session was seen by the observer"
        self._chief.current.run(getattr(self._make.controller(), name))

    def switch_timer(self, way: str) -> None:
        """``enable`` or ``disable`` the timer of the first saver hook."""
        getattr(self._make.first_saver().timer, way)()

    def look_at_current_session(self) -> None:
        """Take down what get_current_session gives."""
        current = session_hooks.get_current_session()
        seen = "none" if current is None else "left"
        if current is not None and current is self._chief.current:
            seen = "current"
        self.recorder.record(CurrentSessionEvent, session=seen)

    def raise_in_body(self, raised: Raised) -> None:
        """Leave the session as an exception in its ``with`` block does."""
        self._must_be_open()
        self._leave(named_error(raised.error, raised.message))

    def close(self) -> None:
        """Leave the session as the end of its ``with`` block does."""
        self._must_be_open()
        self._leave(None)

    def give_back(self) -> None:
        """Leave nothing behind that listens."""
        self.address_file.close()
        self._make.stop_servers()

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise UnplayableError("the session was left before")

    def _leave(self, error: BaseException | None) -> None:
        try:
            with self._session:
                if error is not None:
                    raise error
        except _Left as left:
            self._was_left(left)
        else:
            self._was_left(None)

    def _was_left(self, error: BaseException | None) -> None:
        self.recorder.session_closes()
        self._session = self._chief.current = None
        if error is not None:
            self.recorder.raised(error)
        self.recorder.record(SessionEvent, state="closed")

    def _session_created(self, session: tf.compat.v1.Session) -> None:
        self._chief.current = session
        self.recorder.session_opens(session)
        self.recorder.record(SessionEvent, state="created")
        self.address_file.look()

    def _callback(self, index: int, kind: str) -> Callable[[str, Any], None]:
        def called(action: str, session: object) -> None:
            del session
            self.recorder.record(CallbackEvent, callback=index, action=action)
            if kind == "slow":
                self._clock.sleep(1)
            if kind == "raise":
                raise RuntimeError("callback failed")

        return called
