"""The executor that was asked for: processes of this machine, or a Dask scheduler's workers."""

from __future__ import annotations

import atexit
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.queues import SimpleQueue
from typing import TypeVar

from parity.base.executors.setup import Setup, TaskGroup, call, close_setup
from parity.base.executors.tasks import Tasks, explain_broken_pool

T = TypeVar("T")


@contextmanager
def executor(on: str | None, workers: int, setup: Setup[T]) -> Iterator[Tasks[T]]:
    """Have processes for the block, each of which opens the setup with its first task.

    Args:
        on: The address of a Dask scheduler, or ``local:N``; None is ``workers`` processes here.
        workers: The number of processes if ``on`` is None.
        setup: What tasks need open.

    Raises:
        UsageError: ``on`` is no address.
        PortUnavailableError: There is no such scheduler, or a worker has other sources.
    """
    if on is None:
        with _processes(workers, setup) as tasks:
            yield tasks
        return
    from parity.base.executors.on_dask import dask_tasks  # noqa: PLC0415 - an extra, and slow

    with dask_tasks(on, setup) as tasks:
        yield tasks


@contextmanager
def _processes(count: int, setup: Setup[T]) -> Iterator[Tasks[T]]:
    spawning = multiprocessing.get_context("spawn")  # Threads and gRPC don't survive a fork.
    wrong = spawning.SimpleQueue()
    pool = ProcessPoolExecutor(
        count, mp_context=spawning, initializer=_close_at_exit, initargs=(wrong,)
    )

    def finish() -> list[str]:
        pool.shutdown(cancel_futures=True)
        found = []
        while not wrong.empty():
            found.append(wrong.get())
        return found

    tasks = Tasks(
        pool, call, TaskGroup(setup), size=lambda: count, finish=finish, explain=explain_broken_pool
    )
    try:
        yield tasks
    finally:
        tasks.finish()


def _close_at_exit(wrong: SimpleQueue[str]) -> None:
    atexit.register(_close, wrong)


def _close(wrong: SimpleQueue[str]) -> None:
    for each in close_setup():
        wrong.put(each)
