"""The executor of a group's tasks, whatever engine runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, InvalidStateError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from threading import Lock
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar

from parity.base.executors.setup import TaskGroup
from parity.base.problems import PortUnavailableError

T = TypeVar("T")
R = TypeVar("R")
Item = TypeVar("Item")
P = ParamSpec("P")

START_AGAIN: Final = "start the same command again"


class Tasks(Generic[T]):
    """An executor in the shape of ``concurrent.futures.Executor``, for the tasks of one group.

    An engine that is lost ends all tasks with a PortUnavailableError: none is waited for in vain.

    Args:
        engine: Runs the calls.
        call: Called there with the group, a function and its arguments.
        group: What the tasks need open.
        size: The number of processes that work now.
        finish: Closes the setup in all of them, and returns what went wrong.
        explain: The error for what the engine raises when it is lost; None for any other.
    """

    def __init__(
        self,
        engine: Executor,
        call: Callable[..., Any],
        group: TaskGroup[T],
        *,
        size: Callable[[], int],
        finish: Callable[[], list[str]],
        explain: Callable[[BaseException], PortUnavailableError | None],
    ) -> None:
        self._engine = engine
        self._call = call
        self._group = group
        self._size = size
        self._finish = finish
        self._explain = explain
        self._lock = Lock()
        self._left: set[Future[Any]] = set()
        self._lost: PortUnavailableError | None = None
        self._finished = False

    @property
    def size(self) -> int:
        """The number of processes that work now; at least 1."""
        return max(1, self._size())

    @property
    def idle(self) -> bool:
        """True if no task is left."""
        with self._lock:
            return not self._left

    def submit(
        self, function: Callable[Concatenate[T, P], R], /, *args: P.args, **options: P.kwargs
    ) -> Future[R]:
        """Have ``function(opened, *args)`` called in one of the processes."""
        assert not options, "only positional arguments are sent"
        result: Future[R] = Future()
        with self._lock:
            lost = self._lost
            if lost is None:
                self._left.add(result)
        if lost is not None:
            result.set_exception(lost)
            return result
        try:
            inner = self._engine.submit(self._call, self._group, function, args)
        except Exception as error:
            explained = self._explain(error)
            if explained is None:
                raise
            self.lose(explained)
        else:
            inner.add_done_callback(lambda ended: self._take(ended, result))
        return result

    def lose(self, error: PortUnavailableError) -> None:
        """End every task that is left, and all that will be submitted, with this error."""
        with self._lock:
            self._lost = self._lost or error
            left, self._left = self._left, set()
        for each in left:
            with suppress(InvalidStateError):  # It has ended in this very moment.
                each.set_exception(error)

    def finish(self) -> list[str]:
        """Close the setup in all processes, and return what went wrong; the second time nothing."""
        if self._finished:
            return []
        self._finished = True
        return self._finish()

    def _take(self, ended: Future[R], result: Future[R]) -> None:
        with self._lock:
            self._left.discard(result)
        with suppress(InvalidStateError):  # Lost before.
            try:
                result.set_result(ended.result())
            except BaseException as error:  # noqa: BLE001 - raised by the result
                result.set_exception(self._explain(error) or error)


def as_they_end(
    items: Iterable[Item], submit: Callable[[Item], Future[R]], most: Callable[[], int]
) -> Iterator[R]:
    """Yield the results as they come, with at most ``most()`` items submitted and not done.

    What has ended well is yielded before an error is raised.
    """
    left = iter(items)
    waiting: set[Future[R]] = set()
    while True:
        waiting |= {submit(item) for item in islice(left, max(0, most() - len(waiting)))}
        if not waiting:
            return
        ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        lost = {future for future in ended if future.exception() is not None}
        for future in ended - lost:
            yield future.result()
        for future in lost:
            future.result()


def explain_broken_pool(error: BaseException) -> PortUnavailableError | None:
    """Return the error for a process pool of which a process has died."""
    if isinstance(error, BrokenProcessPool):
        return PortUnavailableError(f"a process that plays has died; {START_AGAIN}")
    return None
