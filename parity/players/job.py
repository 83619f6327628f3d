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
from monolith_hooks.barrier_ops import BarrierHook, BarrierOp
from parity.players.job_hooks import HookMaker
from parity.players.recorder import Recorder
from parity.players.workers import ChiefSession, Worker
from parity.scenario import Scenario
from parity.steps import Raised
from parity.trace import SessionEvent, StepEvent

tf1 = tf.compat.v1

# A health check that waits holds a thread of the pool, so each session has a pool of its own
# and a few more threads than cores: the process's pool has the size its first session chose.
_CONFIG = tf1.ConfigProto(
    intra_op_parallelism_threads=1, inter_op_parallelism_threads=4, use_per_session_threads=True
)


_Left = (Exception, KeyboardInterrupt, SystemExit)
"""What can leave a session; not LaneLeftError, which ends the play itself."""


class SessionLeftError(Exception):
    """A scenario trains after the session was left."""


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
        self.machines = [FakePs(clock, ledger, each.rss) for each in scenario.all_machines()]
        for machine, each in zip(self.machines, scenario.all_machines(), strict=True):
            if each.mem_limit is not None:
                machine.create_machine_info(each.mem_limit)

        global_step = tf1.train.get_or_create_global_step()
        self._train_op = tf1.assign_add(global_step, 1)
        self._barrier_op = BarrierOp(scenario.cluster.workers, clock=clock)
        self.recorder = Recorder(clock, self._barrier_op)
        self.saver = FaultySaver(clock, ledger, self.recorder)
        make = HookMaker(
            clock, ledger, self.recorder, self.machines, self._barrier_op, self.saver, model_dir
        )
        self._hooks = [
            *make.all(scenario.hooks),
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
        scaffold = tf1.train.Scaffold(saver=self.saver)
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

    def raise_in_body(self, raised: Raised) -> None:
        """Leave the session as an exception in its ``with`` block does."""
        self._must_be_open()
        self._leave(named_error(raised.error, raised.message))

    def close(self) -> None:
        """Leave the session as the end of its ``with`` block does."""
        self._must_be_open()
        self._leave(None)

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise SessionLeftError("the session was left before")

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
