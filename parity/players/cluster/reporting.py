"""A recorder that sends its events to the player, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from parity.kit.recorder import HookThread
from parity.players.cluster.wire import RoleChannel
from parity.players.paced_clock import PacedClock
from parity.players.python.recorder import Recorder
from parity.spec.trace import Event

_LOOK_MS: Final = 1000
"""Time limit of a read of the barrier, as its PS may be dead or stopped."""


class _BoundedSession:
    """A session whose runs have a time limit."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._options = tf.compat.v1.RunOptions(timeout_in_ms=_LOOK_MS)

    def run(self, fetches: Any, feed_dict: Any = None) -> Any:
        """Run for at most a second."""
        return self._session.run(fetches, feed_dict, options=self._options)


class ReportingRecorder(Recorder):
    """Recorder that sends its events to the player; a failed read of the barrier is ignored."""

    def __init__(
        self, clock: PacedClock, barrier_op: BarrierOp, model_dir: Path, channel: RoleChannel
    ) -> None:
        super().__init__(clock, barrier_op, model_dir)
        self._channel = channel
        # The first read is always reported, as an earlier process may have reported another state.
        self._blocked = [-1]
        self._one_at_a_time = threading.RLock()
        self.silent = False
        """True once nothing more is recorded."""

    def session_opens(self, session: object) -> None:
        """Observe this session's barrier from now on."""
        with self._one_at_a_time:
            super().session_opens(_BoundedSession(session))

    def close(self) -> None:
        """Read the barrier a last time in this session."""
        with self._one_at_a_time:
            super().close()

    def look(self) -> None:
        """Record the barrier if it changed and can be read."""
        with self._one_at_a_time:
            try:
                super().look()
            except tf.errors.OpError:
                return

    def record(self, event: Callable[..., Event], **fields: Any) -> None:
        """Send an event at the current time and lane."""
        with self._one_at_a_time:
            super().record(event, **fields)

    def threads_left(self) -> None:
        """Send an event for each hook's thread that hasn't ended, and nothing more.

        Such a thread may end while the process does: it was left all the same.
        """
        with self._one_at_a_time:
            super().threads_left()
            for event in self.events:
                self._channel.send_event(event)
            self.silent = True

    def _thread_ended(self, lane: HookThread) -> None:
        with self._one_at_a_time:
            super()._thread_ended(lane)

    def _append(self, event: Callable[..., Event], **fields: Any) -> None:
        if not self.silent:
            made = event(ms=self._clock.milliseconds, lane=self._clock.label, **fields)
            self._channel.send_event(made)
