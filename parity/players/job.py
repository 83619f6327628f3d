"""The training job of a play: its graph, its hooks and its session, on real TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from fakes.errors import named_error
from fakes.faults import FaultLedger
from fakes.faulty_saver import FaultySaver
from fakes.machines import FakeMachines, FakePs
from fakes.probe_hook import ProbeHook, RaiseIn
from fakes.virtual_clock import VirtualClock
from monolith_hooks import ps_check_hooks
from monolith_hooks.barrier_ops import BarrierHook, BarrierOp
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server.server_lib import ServerHook
from parity.hooks import Hook, Probe, ProbeEntry, PsHealth, PsHealthEntry, SaverEntry, ServerEntry
from parity.players.recorder import Recorder
from parity.players.workers import ChiefSession, Worker
from parity.scenario import Scenario
from parity.steps import Raised
from parity.trace import HookEvent, SessionEvent, StepEvent

tf1 = tf.compat.v1

_NEVER_BY_ITSELF = 10**9
"""Steps between two saves by schedule."""

# A health check that waits holds one thread of the pool, so a few more are needed.
_CONFIG = tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=4)


class SessionLeftError(Exception):
    """A scenario trains after the session was left."""


class _ObserverHook(tf1.train.SessionRunHook):
    """The last hook: shows that all others have seen the new session, or its end."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def after_create_session(self, session: tf1.Session, coord: object) -> None:
        del coord
        self._job.session_created(session)

    def end(self, session: tf1.Session) -> None:
        del session
        self._job.recorder.session_closes()


class Job:
    """Everything that trains in one play; used by the lane that has the turn."""

    def __init__(
        self, scenario: Scenario, clock: VirtualClock, ledger: FaultLedger, model_dir: Path
    ) -> None:
        self._scenario = scenario
        self._clock = clock
        self._ledger = ledger
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
        self._saver_hook: NoFirstSaveCheckpointSaverHook | None = None
        self._hooks = self._make_hooks()
        self._chief = ChiefSession(tf1.get_default_graph())
        self._workers: dict[int, Worker] = {}
        self._session: Any = None

    def open(self) -> None:
        """Create the session; an exception that leaves it is taken down."""
        options = {"checkpoint_dir": str(self._model_dir), "config": _CONFIG}
        scaffold = tf1.train.Scaffold(saver=self.saver)
        with self._taking_down_what_leaves():
            if self._scenario.session == "singular":
                self._session = tf1.train.SingularMonitoredSession(
                    hooks=self._hooks, scaffold=scaffold, **options
                )
            else:
                creator = tf1.train.ChiefSessionCreator(scaffold, **options)
                self._session = tf1.train.MonitoredSession(creator, hooks=self._hooks)
