"""Scheduler that runs lanes one at a time, each until it parks, in virtual time.

The rules are in docs/virtual-time.md; the Rust port's scheduler follows the same rules.

Concurrency. ``_mutex`` guards the set of parked lanes, the turn and the time. It
is held briefly, never while a lane runs or waits. A lane runs exactly while it is
``_turn``, so state that only running lanes use needs no lock of its own. A thread that
isn't a lane (TensorFlow's executor calling back into Python) acts for the lane that
has the turn, which is blocked in that same call.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar

from fakes.lane import Condition, Lane, LaneLeftError
from fakes.turns import Choice, ScheduleError, Turns

T = TypeVar("T")


class DeadlockError(RuntimeError):
    """No lane can ever run again."""


class StalledError(RuntimeError):
    """A lane kept the turn longer than the limit of real time."""


class Scheduler:
    """Runs ``main`` and every lane that it starts, one at a time.

    Args:
        seed: Selects another order of the lanes that can run at the same instant; None is
            the order of arrival.
        schedule: The candidate to take at each choice point; not together with a seed.
        stall_limit: Real seconds that a lane may keep the turn.
        limit: Real seconds that the whole run may take, as lanes can alternate for ever at
            one instant.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        schedule: Sequence[int] | None = None,
        stall_limit: float = 30.0,
        limit: float = 60.0,
    ) -> None:
        self._turns = Turns(seed, schedule)
        self._stall_limit = stall_limit
        self._limit = limit
        self._mutex = threading.Lock()
        self._now = 0
        self._turn: Lane | None = None
        self._turns_given = 0
        self._parked: list[Lane] = []
        self._arrivals = 0
        self._over = False
        self._failure: DeadlockError | ScheduleError | None = None
        self._finished = threading.Event()
        self.on_give_way: Callable[[], None] | None = None
        """Called by each lane, while it has the turn, just before it parks or ends."""

    @property
    def milliseconds(self) -> int:
        """Virtual milliseconds since the start, rounded down."""
        return self._now // 1000

    @property
    def is_over(self) -> bool:
        """True once main has ended, or the run was abandoned."""
        return self._over

    @property
    def choices(self) -> Sequence[Choice]:
        """Each choice point so far, in a run with a schedule."""
        return self._turns.choices

    @property
    def running(self) -> Lane | None:
        """The lane that has the turn."""
        return self._turn

    @property
    def label(self) -> str:
        """The label of the lane that has the turn."""
        return self._turn.label if self._turn else "main"

    def run(self, main: Callable[[], T]) -> T:
        """Run ``main`` in the lane ``main`` to its end, and abandon the lanes still parked then.

        Raises:
            DeadlockError: No lane can ever run again.
            ScheduleError: The schedule takes a candidate that doesn't exist.
            StalledError: A lane keeps the turn for too long; it is abandoned.
            BaseException: Any error that ``main`` raises.
        """
        result: list[T] = []
        lane = self.start_lane(lambda: result.append(main()), "main", on_end=self._finish)
        with self._mutex:
            self._give_turn()
        try:
            self._supervise()
        finally:
            self._leave_parked_lanes()
        if self._failure is not None:
            raise self._failure
        if lane.error is not None:
            raise lane.error
        return result[0]

    def settle(self) -> None:
        """Let every other lane run until it waits, at this instant."""
        self.park(self._now, None, yields_to_all=True)

    def wait_until(self, condition: Condition) -> None:
        """Park until ``condition`` holds; it may depend only on state that lanes change."""
        if not condition():
            self.park(None, condition)

    def start_lane(
        self,
        target: Callable[[], None],
        label: str,
        *,
        condition: Condition | None = None,
        on_end: Callable[[Lane], None] | None = None,
        twin: str | None = None,
    ) -> Lane:
        """Start a lane, which runs when the lane that has the turn gives it away.

        Lanes that are started at one instant with the same ``twin`` do the same.
        """
        lane = Lane(label, twin)
        lane.thread = threading.Thread(
            target=self._live, args=(lane, target, on_end), name=label, daemon=True
        )
        with self._mutex:
            self._arrive(lane, None if condition else self._now, condition)
        lane.thread.start()
        return lane

    # Giving way

    def yield_before_lock(self) -> None:
        """Let another lane run before a lock is taken, if the schedule says so."""
        with self._mutex:
            lane = self._turn
            try:
                first = lane and self._turns.overtaking(lane, self._parked, self._now)
            except ScheduleError as error:
                self._fail(error)
                first = None
        if first is not None or self._failure is not None:
            self.park(self._now, None, first=first)

    def park(
        self,
        deadline: int | None,
        condition: Condition | None,
        *,
        yields_to_all: bool = False,
        first: Lane | None = None,
    ) -> None:
        """Give the turn away until ``deadline`` (microseconds) or until ``condition`` holds.

        The lane ``first`` gets the turn, or the next lane if it is None.

        Raises:
            LaneLeftError: The run has ended.
        """
        lane = self._turn
        if self._over or lane is None:
            raise LaneLeftError
        if self.on_give_way is not None:
            self.on_give_way()
        lane.go.clear()
        with self._mutex:
            self._arrive(lane, deadline, condition, yields_to_all=yields_to_all)
            self._give_turn(first)
        lane.go.wait()
        if self._over:
            raise LaneLeftError

    def _arrive(
        self,
        lane: Lane,
        deadline: int | None,
        condition: Condition | None,
        *,
        yields_to_all: bool = False,
    ) -> None:
        lane.deadline, lane.condition, lane.yields_to_all = deadline, condition, yields_to_all
        self._arrivals += 1
        lane.arrival = self._arrivals
        lane.parks += 1
        self._parked.append(lane)

    def _give_turn(self, first: Lane | None = None) -> None:
        """Give the turn to the next lane; ``_mutex`` is held."""
        self._turn = None
        if self._failure is not None:
            return
        try:
            chosen = (self._now, first) if first else self._turns.next(self._parked, self._now)
        except ScheduleError as error:
            self._fail(error)
            return
        if chosen is None:
            if self._parked and not self._over:
                parked = ", ".join(map(repr, self._parked))
                self._fail(DeadlockError(f"deadlock: no lane can ever go on: {parked}"))
            return
        self._now, lane = chosen
        self._parked.remove(lane)
        self._turns_given += 1
        self._turn = lane
        lane.go.set()

    def _fail(self, failure: DeadlockError | ScheduleError) -> None:
        self._failure = failure
        self._finished.set()

    # The life of a lane

    def _live(
        self, lane: Lane, target: Callable[[], None], on_end: Callable[[Lane], None] | None
    ) -> None:
        lane.go.wait()
        if self._over:
            lane.fate = "left"
            return
        try:
            target()
        except BaseException as error:  # noqa: BLE001 - stored as the lane's error
            lane.error = error
        if self._over:
            lane.fate = "left"
            return
        if self.on_give_way is not None:
            self.on_give_way()
        lane.fate = "returned" if lane.error is None else "died"
        if on_end is not None:
            on_end(lane)
        with self._mutex:
            if not self._over:
                self._give_turn()

    def _finish(self, _: Lane) -> None:
        self._over = True
        self._finished.set()

    def _supervise(self) -> None:
        """Wait in real time for main to end, as long as the turn keeps changing."""
        seen = -1
        ends = time.monotonic() + self._limit
        while not self._finished.wait(min(self._stall_limit, self._limit)):
            if time.monotonic() >= ends:
                self._over = True
                raise StalledError(
                    f"stalled: not over after {self._limit} s of real time and "
                    f"{self._turns_given} turns, at {self._now / 1e6} s of virtual time"
                )
            if self._turns_given == seen:
                lane = self._turn
                self._over = True
                raise StalledError(
                    f"stalled: lane {lane.label if lane else '?'} kept the turn for more than "
                    f"{self._stall_limit} s of real time; it neither parked nor ended:\n"
                    + _stack(lane)
                )
            seen = self._turns_given

    def _leave_parked_lanes(self) -> None:
        self._over = True
        with self._mutex:
            parked, self._parked = self._parked, []
        for lane in sorted(parked, key=lambda parked_lane: parked_lane.arrival):
            lane.go.set()
            if lane.thread is not None:
                lane.thread.join(self._stall_limit)
            lane.fate = "left"

    def after(self, seconds: float) -> int:
        """Return the instant that is this much later, in microseconds.

        Raises:
            ValueError: ``seconds`` is negative.
        """
        if seconds < 0:
            raise ValueError(f"expected a time of 0 s or more, got {seconds} s")
        return self._now + round(seconds * 1e6)


def _stack(lane: Lane | None) -> str:
    frame = sys._current_frames().get(lane.thread.ident or 0) if lane and lane.thread else None
    return "".join(traceback.format_stack(frame)) if frame else "(its stack is gone)"
