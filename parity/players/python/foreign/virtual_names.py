"""What stands for ``time``, ``threading`` and ``concurrent.futures`` in foreign modules.

They behave as the real ones unless a clock is set, which a play does. The clock is the one
of the play in this process; only the lane that has the turn may use what stands here, which
every thread of a play does.
"""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any, Final, Self

from fakes.lane import Lane
from fakes.virtual_clock import VirtualClock
from monolith_hooks.clock import Coordinator

_MICROSECONDS: Final = 10**6
WAITING: Final = frozenset({"Condition", "Semaphore", "BoundedSemaphore", "Barrier"})
"""Names of ``threading`` that wait in real time here too."""


class ClockOfPlay:
    """The clock of the play, if there is one.

    Args:
        tell: Called once for each thing that waits in real time nevertheless.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.now: VirtualClock | None = None
        self._tell = tell
        self._told: set[str] = set()

    def waits_in_real_time(self, what: str) -> None:
        """Say that this waits in real time."""
        if what not in self._told:
            self._told.add(what)
            self._tell(f"{what}: it waits in real time, as if nothing else happened meanwhile")

    @contextmanager
    def set_to(self, clock: VirtualClock) -> Iterator[None]:
        """Let everything here go by this clock during the block."""
        self.now = clock
        try:
            yield
        finally:
            self.now = None


class _StandIn(ModuleType):
    """A module of which some names are others; the rest is the real module's."""

    def __init__(self, real: ModuleType, names: dict[str, Any], missed: Callable[[str], None]):
        super().__init__(real.__name__, real.__doc__)
        self.__dict__.update(names)
        self._real = real
        self._missed = missed

    def __getattr__(self, name: str) -> Any:
        self._missed(name)
        return getattr(self._real, name)


def stand_ins(clock: ClockOfPlay, module: str, label: str | None) -> dict[str, ModuleType]:
    """Return what a module gets for each name that it imports.

    Args:
        clock: The clock.
        module: The module's name, for what it uses that stays real.
        label: The label of the lanes that it starts; None for the names of its threads.
    """

    def missed(name: str) -> None:
        if name in WAITING:
            clock.waits_in_real_time(f"threading.{name} in {module}")

    def nothing(_: str) -> None:
        pass

    def pool(
        max_workers: int | None = None, thread_name_prefix: str = "", *args: Any, **kwargs: Any
    ) -> Executor:
        if clock.now is None:
            return ThreadPoolExecutor(max_workers, thread_name_prefix, *args, **kwargs)
        return clock.now.handler_pool(max_workers or 1, name=label or thread_name_prefix)

    futures = _StandIn(concurrent.futures, {"ThreadPoolExecutor": pool}, nothing)
    package = _StandIn(concurrent, {"futures": futures}, nothing)
    return {
        "time": _StandIn(time, _time(clock), nothing),
        "threading": _StandIn(threading, _threading(clock, label), missed),
        "concurrent": package,
        "concurrent.futures": futures,
    }


def _time(clock: ClockOfPlay) -> dict[str, Any]:
    def now_ns(real: Callable[[], int]) -> Callable[[], int]:
        return lambda: real() if clock.now is None else clock.now.now_ns()

    def now(real: Callable[[], float]) -> Callable[[], float]:
        return lambda: real() if clock.now is None else Seconds(clock.now.now_ns() // 1000)

    def sleep(seconds: float) -> None:
        if clock.now is None:
            time.sleep(seconds)
        else:
            clock.now.sleep(seconds)

    of_seconds = {name: now(getattr(time, name)) for name in ("time", "monotonic", "perf_counter")}
    of_nanoseconds = {
        f"{name}_ns": now_ns(getattr(time, f"{name}_ns"))
        for name in ("time", "monotonic", "perf_counter")
    }
    return {**of_seconds, **of_nanoseconds, "sleep": sleep}


class Seconds(float):
    """Seconds of virtual time, which are added, subtracted and compared exactly.

    Code adds 30 to the time and compares: of floats, 0.001 + 30 can be more than the clock's
    30.001, which would be another instant than in the play of a port.
    """

    _exact: int
    """In microseconds, as the clock has it."""

    def __new__(cls, microseconds: int) -> Self:
        """Return these microseconds as seconds."""
        made = super().__new__(cls, microseconds / _MICROSECONDS)
        made._exact = microseconds
        return made

    def __add__(self, other: float) -> Seconds:
        return Seconds(self._exact + _exactly(other))

    __radd__ = __add__

    def __sub__(self, other: float) -> Seconds:
        return Seconds(self._exact - _exactly(other))

    def __rsub__(self, other: float) -> Seconds:
        return Seconds(_exactly(other) - self._exact)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and self._exact == _exactly(other)

    def __lt__(self, other: float) -> bool:
        return self._exact < _exactly(other)

    def __le__(self, other: float) -> bool:
        return self._exact <= _exactly(other)

    def __gt__(self, other: float) -> bool:
        return self._exact > _exactly(other)

    def __ge__(self, other: float) -> bool:
        return self._exact >= _exactly(other)

    __hash__ = float.__hash__


def _exactly(seconds: float) -> int:
    return seconds._exact if isinstance(seconds, Seconds) else round(seconds * _MICROSECONDS)


def _threading(clock: ClockOfPlay, label: str | None) -> dict[str, Any]:
    class Thread(VirtualThread):
        _clock = clock
        _label = label

    class Event(VirtualEvent):
        _clock = clock

    class Lock(VirtualLock):
        _clock = clock

    class RLock(VirtualRLock):
        _clock = clock

    return {"Thread": Thread, "Event": Event, "Lock": Lock, "RLock": RLock}


class VirtualThread(threading.Thread):
    """A thread that is a lane if it is started during a play."""

    _clock: ClockOfPlay
    _label: str | None
    lane: Lane | None = None
    coordinator: Coordinator | None = None
    """The coordinator that it is registered with."""

    def start(self) -> None:
        """Start it; its lane runs when the caller parks."""
        clock = self._clock.now
        if clock is None:
            super().start()
            return
        real = clock.start_thread(self.run, name=self._label or self.name)
        self.lane = next(lane for lane in clock.threads if lane.thread is real)
        if self.coordinator is not None:
            clock.join_with(self.lane, self.coordinator)

    def is_alive(self) -> bool:
        """Return whether it was started and hasn't ended."""
        return super().is_alive() if self.lane is None else not self.lane.ended

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        clock, lane = self._clock.now, self.lane
        if clock is None or lane is None:
            super().join(timeout)
        elif not lane.ended:
            deadline = None if timeout is None else clock.after(max(timeout, 0))
            clock.park(deadline, lambda: lane.ended)


class VirtualEvent:
    """A ``threading.Event`` whose waits are virtual during a play."""

    _clock: ClockOfPlay

    def __init__(self) -> None:
        self._real = threading.Event()
        self.set, self.clear, self.is_set = self._real.set, self._real.clear, self._real.is_set

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set; return False if ``timeout`` seconds pass first."""
        clock = self._clock.now
        if clock is None:
            return self._real.wait(timeout)
        if not self.is_set():
            clock.park(None if timeout is None else clock.after(max(timeout, 0)), self.is_set)
        return self.is_set()


class VirtualLock:
    """A ``threading.Lock`` whose waits are virtual during a play."""

    _clock: ClockOfPlay

    def __init__(self) -> None:
        self._real = threading.Lock()
        self.release, self.locked = self._real.release, self._real.locked

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock; return False if it isn't free, or not within ``timeout`` seconds."""
        clock = self._clock.now
        if clock is None:
            return self._real.acquire(blocking, timeout)
        if blocking:
            clock.yield_before_lock()
            if self.locked():
                deadline = None if timeout < 0 else clock.after(timeout)
                clock.park(deadline, lambda: not self.locked())
        return self._real.acquire(blocking=False)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class VirtualRLock(VirtualLock):
    """A ``threading.RLock`` whose waits are virtual during a play."""

    def __init__(self) -> None:
        super().__init__()
        self._owner: object = None
        self._held = 0
        self.release = self._release

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock, which its owner can take again."""
        caller = threading.current_thread() if self._clock.now is None else self._clock.now.running
        if self._owner is not caller and not super().acquire(blocking, timeout):
            return False
        self._owner = caller
        self._held += 1
        return True

    def _release(self) -> None:
        self._held -= 1
        if self._held == 0:
            self._owner = None
            self._real.release()
