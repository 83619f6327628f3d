"""The workers of a run, each of which trains in a lane of its own, on the chief's session."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from fakes.virtual_clock import VirtualClock
from parity.kit.workers import Inbox
from parity.players.python.recorder import Recorder

tf1 = tf.compat.v1


class ChiefSession:
    """The chief's current session, as its workers use it.

    In a cluster all sessions share the variables on the PS; in one process the workers
    share the chief's session. Only the chief closes it.
    """

    def __init__(self, graph: tf.Graph) -> None:
        self.graph = graph
        self.current: tf.compat.v1.Session | None = None

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


class Worker:
    """One worker: an inbox of training steps, and the lane that takes them."""

    def __init__(
        self,
        index: int,
        *,
        clock: VirtualClock,
        chief: ChiefSession,
        train_op: tf.Tensor,
        recorder: Recorder,
        barrier_hook: Any,
    ) -> None:
        """Start its lane; ``barrier_hook`` is its hook."""
        self._barrier_hook = barrier_hook
        self._index = index
        self._clock = clock
        self._chief = chief
        self._train_op = train_op
        self._recorder = recorder
        self._inbox = Inbox()
        clock.start_lane(self._work, f"worker-{index}")

    def train(self, steps: int) -> None:
        """Put steps into the inbox."""
        self._inbox.put(steps)

    def _work(self) -> None:
        with self._chief.graph.as_default():
            session = tf1.train.MonitoredSession(
                session_creator=self._chief, hooks=[self._barrier_hook]
            )
            self._inbox.work_off(
                self._index,
                lambda: int(session.run(self._train_op)),
                clock=self._clock,
                recorder=self._recorder,
                # Or the chief left the session while this worker was blocked.
                is_open=lambda: self._chief.current is not None,
            )
