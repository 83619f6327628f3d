"""Time as a port: how hooks wait, start threads, take locks and serve RPCs.

Nothing else in this package sleeps, reads the time, starts a thread or makes a
lock. The default is the system's clock; ``fakes.VirtualClock`` is the other
implementation, under which a whole run is played at once and repeats itself
exactly.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Final, Protocol

NANOSECONDS: Final = 10**9
"""In a second."""


class Coordinator(Protocol):
    """The part of ``tf.train.Coordinator`` that a clock needs."""

    def should_stop(self) -> bool:
        """Whether a stop was requested."""

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait in real time for a requested stop, ``timeout`` seconds at most."""

    def register_thread(self, thread: threading.Thread) -> None:
        """Have ``join`` wait for this thread."""


class Clock(ABC):
    """What the hooks need of time and threads; spans are in seconds."""

    @abstractmethod
    def now_ns(self) -> int:
        """The time, in nanoseconds since this clock's own epoch.

        A whole number, so that a deadline is met exactly: 0.001 s and 30 s later,
        as floats, may be a hair after what a clock calls 30.001 s.
        """

    def now(self) -> float:
        """The time in seconds, to show or to subtract."""
        return self.now_ns() / NANOSECONDS

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let this much time pass for the calling thread."""

    @abstractmethod
    def wait_for_stop(self, coord: Coordinator, timeout: float | None = None) -> bool:
        """Wait until ``coord`` is asked to stop; false if ``timeout`` seconds pass first."""

    @abstractmethod
    def start_thread(
        self, target: Callable[[], None], *, name: str, coord: Coordinator | None = None
    ) -> threading.Thread:
        """Start a daemon thread, registered with ``coord`` first where one is given.

        An exception that leaves ``target`` ends the thread and goes to
        ``threading.excepthook`` (a virtual clock keeps it as the thread's fate).
        """

    @abstractmethod
    def lock(self) -> AbstractContextManager[object]:
        """A new mutual exclusion lock, not reentrant, for ``with``."""

    @abstractmethod
    def handler_pool(self, workers: int, *, name: str) -> Executor:
        """Where a gRPC server runs its handlers, ``workers`` at a time, the rest in a queue."""


class SystemClock(Clock):
    """The machine's own time and threads."""

    def now_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""
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
        """A ``threading.Lock``."""
        return threading.Lock()

    def handler_pool(self, workers: int, *, name: str) -> Executor:
        """A pool of ordinary threads."""
        return ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name)

    def __repr__(self) -> str:
        return "SystemClock()"


SYSTEM_CLOCK: Final = SystemClock()
"""The default of every ``clock`` argument in this package."""
