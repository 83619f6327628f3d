"""A recorder whose events go to the player, from whatever thread they come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from parity.players.cluster.wire import Line
from parity.players.paced_clock import PacedClock
from parity.players.python.recorder import Recorder
from parity.spec.trace import Event

_LOOK_MS: Final = 1000
"""How long a look at the barrier may take: its PS may be dead or stopped."""


class _BoundedSession:
    """A session on which nothing is waited for long."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._options = tf.compat.v1.RunOptions(timeout_in_ms=_LOOK_MS)

    def run(self, fetches: Any, feed_dict: Any = None) -> Any:
        """Run, for a second at most."""
        return self._session.run(fetches, feed_dict, options=self._options)


class ReportingRecorder(Recorder):
    """Looks at the barrier as its base class does; a look that fails shows nothing."""

    def __init__(
        self, clock: PacedClock, barrier_op: BarrierOp, model_dir: Path, line: Line
    ) -> None:
        super().__init__(clock, barrier_op, model_dir)
        self._line = line
        # A look is always told the first time: the process before this one may have told another.
        self._blocked = [-1]
        self._one_at_a_time = threading.RLock()
        self.silent = False
        """Whether nothing is taken down any more."""

    def session_opens(self, session: object) -> None:
        """Look at this session's barrier from now on."""
        with self._one_at_a_time:
            super().session_opens(_BoundedSession(session))

    def session_closes(self) -> None:
        """Look a last time."""
        with self._one_at_a_time:
            super().session_closes()

    def look_at_barrier(self) -> None:
        """Look, unless it can't be seen now."""
        with self._one_at_a_time:
            try:
                super().look_at_barrier()
            except tf.errors.OpError:
                return

    def record(self, event: Callable[..., Event], **fields: Any) -> None:
        """Tell the player of an event of this type, here and now."""
        with self._one_at_a_time:
            super().record(event, **fields)

    def threads_left(self) -> None:
        """Tell the player of each hook's thread that hasn't ended."""
        super().threads_left()
        for event in self.events:
            self._line.happened(event)

    def _append(self, event: Callable[..., Event], **fields: Any) -> None:
        if not self.silent:
            made = event(ms=self._clock.milliseconds, lane=self._clock.label, **fields)
            self._line.happened(made)
