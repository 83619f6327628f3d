"""What a run measures of itself at a moment: the barrier, the global step, saves, the watch.

The original has nothing like it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import NANOSECONDS
from monolith_hooks.ps_check_hooks import PsHealthCheckerHook
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook

Kind = Literal["counter", "gauge", "moment"]
"""What a value is: a number that only grows, one that doesn't, or seconds since the epoch."""


@dataclass(frozen=True)
class Measurement:
    """A named value, and the label that tells it from others of the name."""

    name: str
    about: str
    value: float
    kind: Kind = "gauge"
    label: tuple[str, str] | None = None


class RunMetrics:
    """Reader of the state of a run, for whatever shows it.

    Any thread may read; it holds no lock of the hooks. What is read in the session and what the
    hooks say were true one after the other.

    Args:
        barrier_op: The barrier of the graph.
        saver_hook: The saver hook, if there is one.
        health_hook: A health hook with a resilient watch, if there is one.
    """

    def __init__(
        self,
        barrier_op: BarrierOp,
        saver_hook: NoFirstSaveCheckpointSaverHook | None = None,
        health_hook: PsHealthCheckerHook | None = None,
    ) -> None:
        self._barrier_op = barrier_op
        self._saver_hook = saver_hook
        self._health_hook = health_hook

    def read(self, session: Any) -> list[Measurement]:
        """Return what can be read; ``session_up`` is 0 if the session can't be, or is None."""
        try:
            seen = [] if session is None else list(self._seen_in(session))
        except Exception:  # noqa: BLE001 - a session that is closed, or a PS that is gone
            seen = []
        up = Measurement("session_up", "1 if the session could be read.", float(bool(seen)))
        return [up, *seen, *self._save(), *self._watch()]

    def _seen_in(self, session: Any) -> Iterator[Measurement]:
        blocked = self._barrier_op.get_blocked_indices(session)
        placed = 0 in blocked
        yield Measurement("barrier_placed", "1 while the barrier is placed.", float(placed))
        held = float(len(blocked) - placed)
        yield Measurement("workers_held", "Workers that the barrier blocks.", held)
        for hold in self._barrier_op.holds if placed else ():
            yield Measurement(
                "barrier_held_since_timestamp_seconds",
                "Since when each holder holds the barrier.",
                hold.since_ns / NANOSECONDS,
                "moment",
                ("holder", hold.holder),
            )
        global_step = tf.compat.v1.train.get_global_step(session.graph)
        if global_step is not None:
            yield Measurement("global_step", "The global step.", float(session.run(global_step)))

    def _save(self) -> Iterator[Measurement]:
        save = None if self._saver_hook is None else self._saver_hook.last_save
        if save is None:
            return
        ended = save.ended_ns / NANOSECONDS
        about = "The end of the newest save."
        yield Measurement("last_save_timestamp_seconds", about, ended, "moment")
        yield Measurement("last_save_step", "The step of the newest save.", float(save.step))
        failed = float(save.error is not None)
        yield Measurement("last_save_failed", "1 if the newest save failed.", failed)

    def _watch(self) -> Iterator[Measurement]:
        status = None if self._health_hook is None else self._health_hook.watch_status
        if status is None:
            return
        for name, about, count in (
            ("health_polls", "Polls that have ended.", status.polls),
            ("health_polls_failed", "Polls that a PS didn't answer.", status.failed_polls),
            ("health_alarms", "Reports of unhealthy PS.", status.alarms),
            ("health_reports_failed", "Reports that failed.", status.failed_reports),
        ):
            yield Measurement(name, about, float(count), "counter")
        if status.last_good_poll_ns is not None:
            ended = status.last_good_poll_ns / NANOSECONDS
            about = "The end of the last poll that all PS answered."
            yield Measurement("health_last_good_poll_timestamp_seconds", about, ended, "moment")
        for index in status.unhealthy:
            about = "1 for each PS that is unhealthy."
            yield Measurement("ps_unhealthy", about, 1.0, label=("ps", str(index)))
