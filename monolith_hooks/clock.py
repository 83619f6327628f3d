"""Time as a port: sleeping, waiting, threads, locks and the pools of RPC handlers.

Nothing else in this package sleeps, reads the time, starts a thread or makes a
lock. The default is the system's clock. ``fakes.VirtualClock`` is the other
implementation, which runs a whole job in virtual time and repeats it exactly.
"""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Final, Protocol

NANOSECONDS: Final = 10**9
"""Nanoseconds in a second."""
_FOR_EVER: Final = 2**63
"""Nanoseconds of an infinite time, which is three hundred years."""


def nanoseconds(seconds: float) -> int:
    """Return so many seconds as whole nanoseconds; infinity is longer than any job runs."""
    return _FOR_EVER if seconds == math.inf else round(seconds * NANOSECONDS)


class Coordinator(Protocol):
    """The part of ``tf.train.Coordinator`` that a clock needs."""

    def should_stop(self) -> bool:
        """Return whether a stop was requested."""

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait in real time for a requested stop, at most ``timeout`` seconds."""

    def register_thread(self, thread: threading.Thread) -> None:
        """Make ``join`` wait for this thread."""


class Clock(ABC):
    """Abstract source of time and threads for the hooks; durations are in seconds."""

    @abstractmethod
    def now_ns(self) -> int:
        """Return the time, in nanoseconds since this clock's own epoch.

        It is an integer, so that a deadline is met exactly: as floats, 0.001 s plus
        30 s may be slightly more than the clock's 30.001 s.
        """

    def now(self) -> float:
        """Return the time in seconds, for display or subtraction."""
        return self.now_ns() / NANOSECONDS

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Block the calling thread for this many seconds."""

    @abstractmethod
    def wait_for_stop(self, coord: Coordinator, timeout: float | None = None) -> bool:
        """Wait until ``coord`` is asked to stop; return False if ``timeout`` seconds pass first."""

    @abstractmethod
    def start_thread(
        self, target: Callable[[], None], *, name: str, coord: Coordinator | None = None
    ) -> threading.Thread:
        """Start a daemon thread, and register it with ``coord`` first if one is given.

        An exception that leaves ``target`` ends the thread and goes to
        ``threading.excepthook``; a virtual clock records it as the thread's error.
        """

    @abstractmethod
    def lock(self) -> AbstractContextManager[object]:
        """Return a new mutual exclusion lock, not reentrant, for ``with``."""

    @abstractmethod
    def handler_pool(self, workers: int, *, name: str) -> Executor:
        """Return the executor of a gRPC server's handlers: ``workers`` run at a time."""


class SystemClock(Clock):
    """Clock of the machine's own time and threads."""

    def now_ns(self) -> int:
        """Return the nanoseconds since the Unix epoch."""
        return time.time_ns()

    def sleep(self, seconds: float) -> None:
        """Sleep in real time."""
        time.sleep(seconds)

    def wait_for_stop(self, coord: Coordinator, timeout: float | None = None) -> bool:
        """Wait in real time."""
        return coord.wait_for_stop(timeout)

    def start_thread(
        self, target: Callable[[], None], *, name: str, coord: Coordinator | None = None
    ) -> threading.Thread:
        """Start an ordinary daemon thread."""
        thread = threading.Thread(target=target, name=name, daemon=True)
        if coord is not None:
            coord.register_thread(thread)
        thread.start()
        return thread

    def lock(self) -> AbstractContextManager[object]:
        """Return a ``threading.Lock``."""
        return threading.Lock()

    def handler_pool(self, workers: int, *, name: str) -> Executor:
        """Return a pool of ordinary threads."""
        return ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name)

    def __repr__(self) -> str:
        return "SystemClock()"


SYSTEM_CLOCK: Final = SystemClock()
"""Default of every ``clock`` argument in this package."""
