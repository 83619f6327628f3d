"""Synchronization of lanes: a lock, and the join of a coordinator's threads."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from fakes.lane import Lane
from fakes.scheduler import Scheduler
from monolith_hooks.clock import Coordinator


class LaneLock(AbstractContextManager[object]):
    """Lock whose waiters are parked lanes; it is released on every way out."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._held = False

    def __enter__(self) -> LaneLock:
        self._scheduler.yield_before_lock()
        self._scheduler.wait_until(lambda: not self._held)
        self._held = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held = False


class CoordinatorJoins:
    """Makes the ``join`` of a coordinator give the turn away.

    ``MonitoredSession`` joins registered threads at close, in real time and while it has
    the turn, so a thread that is parked in the clock could never end. Only the lane that
    has the turn may use this.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lanes: list[tuple[Coordinator, list[Lane]]] = []

    def wait_for(self, lane: Lane, coord: Coordinator) -> None:
        """Make ``coord.join`` wait for this lane as well."""
        for known, lanes in self._lanes:
            if known is coord:
                lanes.append(lane)
                return
        lanes = [lane]
        self._lanes.append((coord, lanes))
        real_join: Callable[..., None] = coord.join  # type: ignore[attr-defined]

        @functools.wraps(real_join)
        def join(
            threads: object = None,
            stop_grace_period_secs: float = 120,
            ignore_live_threads: bool = False,
        ) -> None:
            self._let_end(lanes, coord, stop_grace_period_secs)
            real_join(threads, 0, ignore_live_threads)

        coord.join = join  # type: ignore[attr-defined]

    def _let_end(self, lanes: list[Lane], coord: Coordinator, grace: float) -> None:
        def all_ended() -> bool:
            return all(lane.ended for lane in lanes)

        self._scheduler.wait_until(lambda: all_ended() or coord.should_stop())
        if not all_ended():
            self._scheduler.park(self._scheduler.after(grace), all_ended)
        for lane in lanes:
            if lane.ended and lane.thread is not None:
                lane.thread.join()
