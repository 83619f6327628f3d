"""A fake parameter server: its memory, its machine info and its faults."""

from __future__ import annotations

from fakes.faults import (
    FaultLedger,
    HealthBytes,
    PollError,
    PsFault,
    Recovered,
    Rss,
    SlowPoll,
)
from monolith_hooks import logging_ops_pb2
from monolith_hooks.clock import NANOSECONDS, Clock

_Injected = tuple[PsFault, str | None]


class FakePs:
    """One PS: its memory in bytes, its machine info once created, and its faults.

    Only the lane that has the turn may use it.
    """

    def __init__(self, clock: Clock, ledger: FaultLedger, rss: int) -> None:
        self._clock = clock
        self._ledger = ledger
        self._initial_memory: _Injected = (Rss(rss), None)
        self._mem_limit: int | None = None
        self._faults: dict[type[PsFault], _Injected] = {Rss: self._initial_memory}

    def create_machine_info(self, mem_limit: int) -> None:
        """Set the limit in bytes; only the first call has an effect (B1)."""
        if self._mem_limit is None:
            self._mem_limit = mem_limit

    def inject(self, fault: PsFault, place: str) -> None:
        """Inject a fault, which replaces an earlier one of its kind."""
        if isinstance(fault, Recovered):
            initial, _ = self._initial_memory
            self._faults = {Rss: (initial, place)}
        else:
            self._faults[type(fault)] = (fault, place)

    def check(self, deadline_ns: int | None = None) -> bytes:
        """Return the result of the health check (B3, B4).

        Args:
            deadline_ns: The time at which the poll is given up, by the clock.

        Returns:
            A serialized MachineHealthResult, or no bytes if the PS is healthy.

        Raises:
            RuntimeError: The check fails because of a fault.
            TimeoutError: It takes longer than until the deadline, at which it is given up.
        """
        if isinstance(slow := self._trigger(SlowPoll), SlowPoll):
            self._wait(slow.seconds, deadline_ns)
        if self._trigger(PollError):
            raise RuntimeError("the health check op fails, as injected")
        if isinstance(instead := self._trigger(HealthBytes), HealthBytes):
            return instead.data
        memory = self._trigger(Rss)
        assert isinstance(memory, Rss)
        assert self._mem_limit is not None, "its machine info is created before it is checked"
        if memory.bytes < self._mem_limit:
            return b""
        return logging_ops_pb2.MachineHealthResult(
            status=logging_ops_pb2.MachineHealthResult.OUT_OF_MEMORY,
            message=f"Memory limit exceeded. Current: {memory.bytes}, Limit: {self._mem_limit}",
        ).SerializeToString()

    def _wait(self, seconds: float, deadline_ns: int | None) -> None:
        if deadline_ns is not None:
            left = (deadline_ns - self._clock.now_ns()) / NANOSECONDS
            if seconds > left:
                self._clock.sleep(max(left, 0))
                raise TimeoutError("the poll is given up at its deadline")
        self._clock.sleep(seconds)

    def _trigger(self, kind: type[PsFault]) -> PsFault | None:
        fault, place = self._faults.get(kind, (None, None))
        if place is not None:
            self._ledger.mark_triggered(place)
        return fault
