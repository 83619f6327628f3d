"""The workers of a run, each of which trains on the chief's session."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.client.session import SessionInterface  # A Saver takes nothing else.

from fakes.virtual_clock import VirtualClock
from parity.kit.port import Worker
from parity.players.paced_clock import PacedClock

tf1 = tf.compat.v1


class ChiefSession(SessionInterface):
    """The chief's current session, as its workers use it, their callbacks and their savers too.

    In a cluster all sessions share the variables on the PS; in one process the workers
    share the chief's session. Only the chief closes it.
    """

    def __init__(self, graph: tf.Graph) -> None:
        self._graph = graph
        self.current: tf.compat.v1.Session | None = None

    @property
    def graph(self) -> tf.Graph:
        """The graph of the job."""
        return self._graph

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run on the chief's current session."""
        if self.current is None:
            raise RuntimeError("the chief has no session")
        return self.current.run(*args, **kwargs)

    def create_session(self) -> ChiefSession:
        """Return this session, as a MonitoredSession requires of its session creator."""
        return self

    def close(self) -> None:
        """Do nothing, as the chief closes the session."""


class LastingStep(tf.compat.v1.train.SessionRunHook):
    """Lets each step take time, before the hooks behind it hear that it has run.

    Args:
        clock: The clock on which it takes time.
    """

    def __init__(self, clock: VirtualClock | PacedClock) -> None:
        self._clock = clock
        self.takes = 0.0
        """Virtual seconds."""

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Wait."""
        del run_context, run_values
        if self.takes:
            self._clock.sleep(self.takes)


class SessionWorker(Worker):
    """A worker with a MonitoredSession of its own, and with its own BarrierHook."""

    def __init__(
        self,
        chief: ChiefSession,
        train_op: tf.Tensor,
        barrier_hook: Any,
        clock: VirtualClock | PacedClock,
    ) -> None:
        self._chief = chief
        self._train_op = train_op
        self._lasting = LastingStep(clock)
        self._barrier_hook = barrier_hook
        self._session: Any = None

    def train(self, takes: float) -> int:
        """Take a step on its session, which the first one creates."""
        self._lasting.takes = takes
        with self._chief.graph.as_default():
            if self._session is None:
                self._session = tf1.train.MonitoredSession(
                    session_creator=self._chief, hooks=[self._lasting, self._barrier_hook]
                )
            return int(self._session.run(self._train_op))
