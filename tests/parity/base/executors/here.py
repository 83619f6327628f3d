"""An executor whose tasks run in a thread of this process, so that what a test replaces is seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from parity.base.executors.setup import TaskGroup, call, close_setup
from parity.base.executors.tasks import Tasks


@contextmanager
def executor_here(on, workers, setup):
    """Have one thread for the block, as ``executor`` has processes."""
    group = TaskGroup(setup)
    with ThreadPoolExecutor(1) as engine:

        def finish():
            return engine.submit(close_setup, group.token).result()

        tasks = Tasks(
            engine, call, group, size=lambda: 1, finish=finish, explain=lambda error: None
        )
        yield tasks
        tasks.finish()
