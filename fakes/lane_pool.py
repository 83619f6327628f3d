"""An executor whose tasks are lanes, which runs a gRPC server's handlers in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final, ParamSpec, TypeVar

from fakes.handover import Handover, InFlightCall
from fakes.lane import Lane, LaneLeftError
from fakes.scheduler import Scheduler

P = ParamSpec("P")
T = TypeVar("T")

CONCURRENT_PREFIX: Final = "concurrently-"
BACKGROUND_PREFIX: Final = "background-"
_PREFIXES: Final = (CONCURRENT_PREFIX, BACKGROUND_PREFIX)


class LanePool(Executor):
    """Executor that runs ``workers`` tasks at a time, each in a lane.

    The other tasks wait for a free worker. gRPC calls ``submit`` on a thread of its own,
    which isn't a lane, so ``submit`` only adds one. The handler of a request made by a
    concurrent branch, or in the background, has the label of the lane that made it.
    """

    def __init__(self, scheduler: Scheduler, handover: Handover, workers: int, label: str) -> None:
        self._scheduler = scheduler
        self._handover = handover
        self._free = workers
        self._label = label
        self._tasks: list[tuple[Lane, Future[Any]]] = []
        self._shut_down = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Add the task as a lane.

        Raises:
            RuntimeError: The pool was shut down.
        """
        if self._shut_down:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[T] = Future()
        call = self._handover.claim_in_flight_call()
        label = self._label
        if call is not None and call.caller.startswith(_PREFIXES):
            label = call.caller
        lane = self._scheduler.start_lane(
            lambda: self._work(future, lambda: fn(*args, **kwargs), call),
            label,
            condition=lambda: self._free > 0,
        )
        self._tasks.append((lane, future))
        if call is not None:
            call.handler = lane
            call.arrived.set()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks; cancel those that wait for a worker, or wait for all, if told to."""
        self._shut_down = True
        tasks = list(self._tasks)
        if cancel_futures:
            for _, future in tasks:
                future.cancel()
        if wait:
            self._scheduler.wait_until(lambda: all(lane.ended for lane, _ in tasks))

    def _work(
        self, future: Future[Any], task: Callable[[], object], call: InFlightCall | None
    ) -> None:
        if call is not None and call.given_up:
            future.cancel()
        if not future.set_running_or_notify_cancel():
            return
        self._free -= 1
        try:
            future.set_result(task())
        except LaneLeftError:
            raise
        except BaseException as error:  # noqa: BLE001 - an executor stores it in the future
            future.set_exception(error)
        finally:
            self._free += 1
