"""Scaled real time: the clock of a process in a real cluster.

A second of a scenario lasts ``1 / pace`` seconds. The clock doesn't control threads, which
run side by side as the system schedules them. For each thread that it started, it only
knows whether the thread is parked (waiting by this clock, and until when), so that
``settle`` can wait for exactly that instead of a fixed time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import grpc

from monolith_hooks.clock import Clock, Coordinator

_NEVER: Final = float("inf")


class PacedLane:
    """A thread under a paced clock; its fields are guarded by the clock's lock."""

    def __init__(self, label: str) -> None:
        self.label: Final = label
        self.ended = False
        self.error: BaseException | None = None
        self.parks = 0
        """The number of times that it has waited by the clock."""
        self.parked_until: float | None = None
        """Seconds since the start; None while it runs."""
        self.condition: Callable[[], bool] | None = None
        """The condition that ends its wait earlier, while it is parked."""

    def is_parked(self, now: float) -> bool:
        """Return True if it waits, and continues to wait if nothing happens at this instant."""
        if self.parked_until is None or self.parked_until <= now:
            return False
        return self.condition is None or not self.condition()


class PacedClock(Clock):
    """Clock that counts from ``began_ns``, ``pace`` times as fast as the machine's.

    Args:
        pace: Seconds of the scenario in a real second.
        began_ns: The start of the run by ``time.monotonic_ns``, which all processes of a
            machine share.
    """

    def __init__(self, pace: float, began_ns: int) -> None:
        self._pace = pace
        self._began_ns = began_ns
        self._changed = threading.Condition()
        self._lanes: list[PacedLane] = []
        self._here = threading.local()
        self._labels: dict[str, int] = {}
        self.threads: list[PacedLane] = []
        """The lanes of threads that hooks started, in order."""
        self.on_give_way: Callable[[], None] | None = None
        """Called by each thread just before it waits by this clock, or ends."""
        self.on_thread_end: Callable[[PacedLane], None] | None = None
        """Called by a hook's thread when it has ended."""

    def now_ns(self) -> int:
        """Return the nanoseconds of the scenario since the start."""
        return int((time.monotonic_ns() - self._began_ns) * self._pace)

    @property
    def is_over(self) -> bool:
        """Always false: events are recorded until the process ends."""
        return False

    @property
    def milliseconds(self) -> int:
        """Milliseconds of the scenario since the start, rounded down."""
        return int(self.now() * 1000)

    @property
    def label(self) -> str:
        """The lane of the calling thread."""
        name = getattr(self._here, "label", None)
        return "main" if name is None else str(name)

    @label.setter
    def label(self, label: str) -> None:
        self._here.label = label

    def sleep(self, seconds: float) -> None:
        """Sleep for this many seconds of the scenario."""
        with self.parked(seconds):
            time.sleep(seconds / self._pace)

    def wait_for_stop(self, coord: Coordinator, timeout: float | None = None) -> bool:
        """Wait for the stop, at most for ``timeout`` seconds of the scenario."""
        with self.parked(timeout, coord.should_stop):
            return coord.wait_for_stop(None if timeout is None else timeout / self._pace)

    def start_thread(
        self, target: Callable[[], None], *, name: str, coord: Coordinator | None = None
    ) -> threading.Thread:
        """Start a daemon thread; the error that ends it is kept."""
        lane = self._new_lane(name)
        self.threads.append(lane)
        thread = threading.Thread(
            target=self._live, args=(lane, target, self.on_thread_end), name=lane.label, daemon=True
        )
        if coord is not None:
            coord.register_thread(thread)
        thread.start()
        return thread

    def start_lane(self, target: Callable[[], None], label: str) -> PacedLane:
        """Start a daemon thread that isn't a hook's."""
        lane = self._new_lane(label)
        args = (lane, target, None)
        threading.Thread(target=self._live, args=args, name=label, daemon=True).start()
        return lane

    def lock(self) -> AbstractContextManager[object]:
        """Return a lock whose waiters are parked."""
        return _ParkingLock(self)

    def handler_pool(self, workers: int, *, name: str) -> Executor:
        """Return a pool of ordinary threads with the label ``name``."""
        return ThreadPoolExecutor(
            max_workers=workers,
            thread_name_prefix=name,
            initializer=lambda: setattr(self, "label", name),
        )

    def hand_over(
        self, send: Callable[[], Any], *, deadline: float | None = None, answered: bool = True
    ) -> Any:
        """Send a request, and return its answer, or None once the deadline has passed."""
        del answered  # The deadline ends a call that isn't answered.
        answer = send()
        try:
            answer.exception(None if deadline is None else deadline / self._pace)
        except grpc.FutureTimeoutError:
            answer.cancel()
            return None
        return answer

    @contextmanager
    def parked(
        self, seconds: float | None, condition: Callable[[], bool] | None = None
    ) -> Iterator[None]:
        """Mark the calling thread as parked for this long, or until the condition holds."""
        if self.on_give_way is not None:
            self.on_give_way()
        lane: PacedLane | None = getattr(self._here, "lane", None)
        if lane is None:
            yield
            return
        with self._changed:
            lane.parks += 1
            lane.condition = condition
            lane.parked_until = _NEVER if seconds is None else self.now() + seconds
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                lane.parked_until = None

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds; the thread that changes it must call ``look_again``."""
        with self.parked(None, condition), self._changed:
            self._changed.wait_for(condition)

    def look_again(self) -> None:
        """Make the waiting threads check their conditions again."""
        with self._changed:
            self._changed.notify_all()

    def settle(self, limit: float) -> bool:
        """Wait until every thread is parked for later, or has ended.

        Args:
            limit: Real seconds.

        Returns:
            False if one of them still runs after ``limit``.
        """
        until = time.monotonic() + limit
        with self._changed:
            while not self._is_settled():
                left = until - time.monotonic()
                if left <= 0:
                    return False
                # Nobody notifies when a deadline passes, so look now and then.
                self._changed.wait(min(left, 0.01))
        return True

    def polls(self) -> int:
        """Return the number of waits and ends of hooks' threads, each of which follows a poll."""
        with self._changed:
            return sum(lane.parks + lane.ended for lane in self.threads)

    def _is_settled(self) -> bool:
        now = self.now()
        return all(lane.ended or lane.is_parked(now) for lane in self._lanes)

    def _new_lane(self, name: str) -> PacedLane:
        with self._changed:
            self._labels[name] = count = self._labels.get(name, 0) + 1
            lane = PacedLane(name if count == 1 else f"{name}#{count}")
            self._lanes.append(lane)
        return lane

    def _live(
        self,
        lane: PacedLane,
        target: Callable[[], None],
        on_end: Callable[[PacedLane], None] | None,
    ) -> None:
        self._here.lane, self._here.label = lane, lane.label
        try:
            target()
        except BaseException as error:  # noqa: BLE001 - stored as the lane's error
            lane.error = error
        if on_end is not None:
            on_end(lane)
        with self._changed:
            lane.ended = True
            self._changed.notify_all()

    def __repr__(self) -> str:
        return f"<PacedClock at {self.now():.3f} s, {self._pace:g} times as fast>"


class _ParkingLock:
    def __init__(self, clock: PacedClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            with self._clock.parked(None, lambda: not self._lock.locked()):
                self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
