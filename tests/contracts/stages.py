"""The two clocks, each with what a test needs to play on it and to see what came of it.

A contract is a test that both pass. On the system's clock it may rely on lower bounds of time
and on ``Stage.until`` alone, which gives up after a minute: nothing is late on a slow machine.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from fakes.virtual_clock import VirtualClock
from monolith_hooks.clock import Clock, SystemClock

MS = 0.001
"""Seconds in a millisecond."""
PATIENCE = 60
"""Seconds after which a test has failed; they only pass in a test that fails."""


class Stage(ABC):
    """A clock, and what tests do with it in real and in virtual time."""

    clock: Clock

    @abstractmethod
    def play(self, main: Callable[[], Any]) -> Any:
        """Run ``main`` on the clock and return its result."""

    @abstractmethod
    def deaths(self) -> list[tuple[str, str]]:
        """The threads that an exception has ended: the name of each and its exception's."""

    @abstractmethod
    def answer(self, send: Callable[[], Any]) -> Any:
        """Send a request and return its future, which is done."""

    def until(self, condition: Callable[[], Any]) -> None:
        """Look each millisecond, by the clock, until ``condition`` holds."""
        gives_up = self.clock.now_ns() + PATIENCE * 10**9
        while not condition():
            assert self.clock.now_ns() < gives_up, "it never came true"
            self.clock.sleep(MS)

    def call(self, method: Any, request: Any, timeout: float = PATIENCE) -> Any:
        """The response of an RPC, or the code and the details of its error.

        The time-out is gRPC's, in real time also on a virtual clock.
        """
        future = self.answer(lambda: method.future(request, timeout=timeout))
        try:
            return future.result()
        except grpc.RpcError as error:
            return error.code(), error.details()


class VirtualStage(Stage):
    """Virtual time."""

    def __init__(self) -> None:
        self.clock: VirtualClock = VirtualClock()

    def play(self, main: Callable[[], Any]) -> Any:
        return self.clock.run(main)

    def deaths(self) -> list[tuple[str, str]]:
        died = [lane for lane in self.clock.threads if lane.fate == "died"]
        return [(lane.thread.name, type(lane.error).__name__) for lane in died]

    def answer(self, send: Callable[[], Any]) -> Any:
        return self.clock.hand_over(send)


class _KnownThreads(SystemClock):
    """The system's clock, which remembers the threads that it has started."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []

    def start_thread(self, target: Callable[[], None], **options: Any) -> threading.Thread:
        thread = super().start_thread(target, **options)
        self.threads.append(thread)
        return thread


class SystemStage(Stage):
    """The system's time, in milliseconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock: _KnownThreads = _KnownThreads()
        self._deaths: list[tuple[str, str]] = []
        monkeypatch.setattr(threading, "excepthook", self._died)

    def play(self, main: Callable[[], Any]) -> Any:
        return main()

    def deaths(self) -> list[tuple[str, str]]:
        return self._deaths

    def answer(self, send: Callable[[], Any]) -> Any:
        future = send()
        future.exception(PATIENCE)
        return future

    def close(self) -> None:
        """Check that nothing was left behind: a test ends with all of its threads."""
        for thread in self.clock.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), f"{thread.name} was left behind"

    def _died(self, args: threading.ExceptHookArgs) -> None:
        self._deaths.append((args.thread.name, args.exc_type.__name__))
