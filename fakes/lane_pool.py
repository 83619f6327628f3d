"""An executor whose tasks are lanes: where a gRPC server's handlers run in virtual time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from fakes.lane import Lane

if TYPE_CHECKING:
    from fakes.virtual_clock import VirtualClock

P = ParamSpec("P")
T = TypeVar("T")

CONCURRENT_PREFIX: Final = "concurrently-"
BACKGROUND_PREFIX: Final = "background-"
_PREFIXES: Final = (CONCURRENT_PREFIX, BACKGROUND_PREFIX)


class Transit:
    """A request on its way from a client's lane to a handler."""

    def __init__(self, caller: str) -> None:
        self.caller = caller
        self.handler: Lane | None = None
        self.given_up = False
        """Whether the caller's deadline has passed; touched by lanes that have the turn."""
        self.arrived = threading.Event()
        """Set when the handler has become a lane, or the call has failed without one."""


class LanePool(Executor):
    """Runs ``workers`` tasks at a time, each in a lane; the others wait for a free worker.

    ``submit`` is called on gRPC's own thread, which is no lane: it only adds one. A
    handler of a request made by a concurrent branch, or in the background, carries the
    label of the lane that made it.
    """

    def __init__(self, clock: VirtualClock, workers: int, label: str) -> None:
        self._clock = clock
        self._free = workers
        self._label = label

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Add the task as a lane."""
        future: Future[T] = Future()
        transit = self._clock.take_transit()
        label = self._label
        if transit is not None and transit.caller.startswith(_PREFIXES):
            label = transit.caller
        lane = self._clock.start_lane(
            lambda: self._work(future, lambda: fn(*args, **kwargs), transit),
            label,
            condition=lambda: self._free > 0,
        )
        if transit is not None:
            transit.handler = lane
            transit.arrived.set()
        return future

    def _work(
        self, future: Future[Any], task: Callable[[], object], transit: Transit | None
    ) -> None:
        if transit is not None and transit.given_up:
            future.cancel()
            return
        self._free -= 1
        try:
            future.set_result(task())
        except Exception as error:  # noqa: BLE001 - an executor keeps it in the future
            future.set_exception(error)
        finally:
            self._free += 1
