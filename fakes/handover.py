"""Calls over real gRPC in virtual time: the caller parks until the handler's lane has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from fakes.lane import Lane
from fakes.scheduler import Scheduler


class RpcFuture(Protocol):
    """The part of ``grpc.Future`` that a handed-over call needs."""

    def cancel(self) -> bool:
        """Cancel the call."""

    def add_done_callback(self, fn: Callable[[object], None]) -> None:
        """Call ``fn`` once the result is available."""


class InFlightCall:
    """A call on its way from a client's lane to a handler."""

    def __init__(self, caller: str) -> None:
        self.caller = caller
        self.handler: Lane | None = None
        self.given_up = False
        """True once the caller's deadline has passed; only lanes that have the turn use it."""
        self.arrived = threading.Event()
        """Set once the handler is a lane, or the call has failed without one."""


A = TypeVar("A", bound=RpcFuture)


class Handover:
    """Passes the turn from a client's lane to the lane of the handler, and back.

    At most one call is in flight. It is used by the lane that has the turn, and by
    gRPC's thread while that lane waits for it.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._in_flight: InFlightCall | None = None

    def hand_over(
        self, send: Callable[[], A], *, deadline: float | None = None, answered: bool = True
    ) -> A | None:
        """Send a request and park until the lane of its handler has ended.

        The caller keeps the turn while the request is on its way, which takes real time. If
        the request reaches no handler, the caller keeps the turn until the call has failed.

        Args:
            send: Sends the request.
            deadline: Virtual seconds after which the caller gives up.
            answered: False if nobody will ever answer, so that only the deadline ends the call.

        Returns:
            The answer, or None once the deadline has passed. The call is then cancelled, and
            its handler, if it has one, continues.
        """
        caller = self._scheduler.running
        assert caller is not None, "only a lane can call"
        gives_up = None if deadline is None else self._scheduler.after(deadline)
        if not answered:
            answer = send()
            self._scheduler.park(gives_up, None)
            answer.cancel()
            return None
        call = self._in_flight = InFlightCall(caller.label)
        try:
            answer = send()
            answer.add_done_callback(lambda _: call.arrived.set())
            call.arrived.wait()
        finally:
            self._in_flight = None
        handler = call.handler
        if handler is not None and not handler.ended:
            self._scheduler.park(gives_up, lambda: handler.ended)
            if not handler.ended:
                call.given_up = True
                answer.cancel()
                return None
        return answer

    def claim_in_flight_call(self) -> InFlightCall | None:
        """Return the call that is on its way, for the pool that receives it."""
        return self._in_flight
