"""The cost of a task on a Dask scheduler, apart from the work in it.

    .nox/shared/bin/python -m benchmarks.dask_tasks

An empty task goes to the one worker of a scheduler on this machine and back: one after the
other, and many at once, as a campaign sends them. The scheduler is in this process, whose CPU
time is a measure on a busy machine too.
"""

from __future__ import annotations

import pickle
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from parity.base.executors.choose import executor
from parity.base.executors.tasks import Tasks
from parity.players.source_digests import sources_here

ONE_BY_ONE: Final = 300
AT_ONCE: Final = 3000


@dataclass(frozen=True)
class Nothing:
    """A setup that opens nothing, with the sources of a real one."""

    def open(self) -> None:
        """Open nothing."""

    def close(self, opened: None) -> list[str]:
        """Close nothing."""
        del opened
        return []

    def sources(self) -> Mapping[str, str]:
        """Return the sources that a play depends on, which each task carries."""
        return sources_here([])


def nothing(opened: None, number: int) -> int:
    """Return the number."""
    del opened
    return number


def round_trips(tasks: Tasks[None]) -> list[float]:
    """Return the seconds of each of some tasks, run one after the other."""
    taken = []
    for i in range(ONE_BY_ONE):
        began = time.perf_counter()
        tasks.submit(nothing, i).result()
        taken.append(time.perf_counter() - began)
    return taken


def many(tasks: Tasks[None]) -> tuple[float, float]:
    """Return seconds per task when many are under way, in real time and this process's CPU time."""
    began, used = time.perf_counter(), time.process_time()
    waiting = [tasks.submit(nothing, i) for i in range(AT_ONCE)]
    for each in waiting:
        each.result()
    return (time.perf_counter() - began) / AT_ONCE, (time.process_time() - used) / AT_ONCE


def main() -> None:
    """Print what a task costs."""
    with executor("local:1", 1, Nothing()) as tasks:
        tasks.submit(nothing, 0).result()
        taken = sorted(round_trips(tasks))
        each, used = many(tasks)
    print(f"one by one: median {statistics.median(taken) * 1e3:.1f} ms, ", end="")
    print(f"nine of ten within {taken[ONE_BY_ONE * 9 // 10] * 1e3:.1f} ms")
    print(f"many at once: {each * 1e3:.2f} ms each, {1 / each:.0f} tasks a second")
    print(f"CPU time of scheduler and client: {used * 1e3:.2f} ms each")
    print(f"the sources that a task carries: {len(pickle.dumps(Nothing().sources()))} bytes")


if __name__ == "__main__":
    main()
