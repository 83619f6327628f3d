"""A clock that runs a whole training run in virtual time, one thread at a time.

The rules are in docs/virtual-time.md; the Rust port's clock follows the same rules.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from fakes.handover import Handover, RpcFuture
from fakes.lane import Lane
from fakes.lane_pool import LanePool
from fakes.lane_sync import CoordinatorJoins, LaneLock
from fakes.scheduler import Scheduler
from monolith_hooks.clock import Clock, Coordinator

A = TypeVar("A", bound=RpcFuture)


class VirtualClock(Scheduler, Clock):
    """Scheduler that is also the clock of the hooks that its lanes run.

    Threads that hooks start become lanes, their locks and pools park, and a coordinator's
    ``join`` gives the turn away. The arguments are those of ``Scheduler``.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        schedule: Sequence[int] | None = None,
        stall_limit: float = 30.0,
        limit: float = 60.0,
    ) -> None:
        super().__init__(seed=seed, schedule=schedule, stall_limit=stall_limit, limit=limit)
        self._labels: dict[str, int] = {}
        self._joins = CoordinatorJoins(self)
        self._handover = Handover(self)
        self.threads: list[Lane] = []
        """The lanes of threads that hooks started, in order."""
        self.on_thread_end: Callable[[Lane], None] | None = None
        """Called with the turn by the lane of a hook's thread when the thread has ended."""

    def now_ns(self) -> int:
        """Return the virtual nanoseconds since the start."""
        return self._now * 1000

    def sleep(self, seconds: float) -> None:
        """Park for this many virtual seconds.

        Raises:
            ValueError: ``seconds`` is negative.
        """
        self.park(self.after(seconds), None)

    def wait_for_stop(self, coord: Coordinator, timeout: float | None = None) -> bool:
        """Park until ``coord`` is asked to stop, or for ``timeout`` virtual seconds."""
        if not coord.should_stop():
            self.park(None if timeout is None else self.after(timeout), coord.should_stop)
        return coord.should_stop()

    def start_thread(
        self, target: Callable[[], None], *, name: str, coord: Coordinator | None = None
    ) -> threading.Thread:
        """Start a thread in a lane of its own, which runs when the caller parks.

        ``coord.join`` gives the turn away from then on, so that the thread can end.
        """
        lane = self.start_lane(target, self._unique(name), on_end=self._hook_thread_ended)
        assert lane.thread is not None
        lane.thread.name = name  # The lane's label may have a number behind it.
        self.threads.append(lane)
        if coord is not None:
            coord.register_thread(lane.thread)
            self._joins.wait_for(lane, coord)
        return lane.thread

    def join_with(self, lane: Lane, coord: Coordinator) -> None:
        """Make ``coord.join`` wait for this lane, and give the turn away meanwhile."""
        self._joins.wait_for(lane, coord)

    def lock(self) -> AbstractContextManager[object]:
        """Return a lock that parks."""
        return LaneLock(self)

    def handler_pool(self, workers: int, *, name: str) -> LanePool:
        """Return a pool in which each task is a lane labelled ``name``."""
        return LanePool(self, self._handover, workers, name)

    def hand_over(
        self, send: Callable[[], A], *, deadline: float | None = None, answered: bool = True
    ) -> A | None:
        """Send a request and park until it is answered; see ``Handover.hand_over``."""
        return self._handover.hand_over(send, deadline=deadline, answered=answered)

    def _hook_thread_ended(self, lane: Lane) -> None:
        if self.on_thread_end is not None:
            self.on_thread_end(lane)

    def _unique(self, name: str) -> str:
        self._labels[name] = count = self._labels.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def __repr__(self) -> str:
        return f"<VirtualClock at {self.now()} s, turn: {self.label}, parked: {len(self._parked)}>"
