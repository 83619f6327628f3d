"""An executor whose tasks are lanes: where a gRPC server's handlers run in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final, ParamSpec, TypeVar

from fakes.handover import Handover, InFlightCall
from fakes.scheduler import Scheduler

P = ParamSpec("P")
T = TypeVar("T")

CONCURRENT_PREFIX: Final = "concurrently-"
BACKGROUND_PREFIX: Final = "background-"
_PREFIXES: Final = (CONCURRENT_PREFIX, BACKGROUND_PREFIX)


class LanePool(Executor):
    """Runs ``workers`` tasks at a time, each in a lane; the others wait for a free worker.

    ``submit`` is called on gRPC's own thread, which is no lane: it only adds one. A
    handler of a request made by a concurrent branch, or in the background, carries the
    label of the lane that made it.
    """

    def __init__(self, scheduler: Scheduler, handover: Handover, workers: int, label: str) -> None:
        self._scheduler = scheduler
        self._handover = handover
        self._free = workers
        self._label = label

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Add the task as a lane."""
        future: Future[T] = Future()
        call = self._handover.claim()
        label = self._label
        if call is not None and call.caller.startswith(_PREFIXES):
            label = call.caller
        lane = self._scheduler.start_lane(
            lambda: self._work(future, lambda: fn(*args, **kwargs), call),
            label,
            condition=lambda: self._free > 0,
        )
        if call is not None:
            call.handler = lane
            call.arrived.set()
        return future

    def _work(
        self, future: Future[Any], task: Callable[[], object], call: InFlightCall | None
    ) -> None:
        if call is not None and call.given_up:
            future.cancel()
            return
        self._free -= 1
        try:
            future.set_result(task())
        except Exception as error:  # noqa: BLE001 - an executor keeps it in the future
            future.set_exception(error)
        finally:
            self._free += 1
