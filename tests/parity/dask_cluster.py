"""A real Dask scheduler and worker processes on loopback, as somebody would start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from parity.base import project

_ENOUGH_SECONDS = 200.0  # Machines are busy.


def wait_for(condition, what, seconds=_ENOUGH_SECONDS):
    """Look until something has come true, and return it."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return found


class DaskCluster:
    """A scheduler with a process of its own, and workers, each in one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen] = []
        self._all: list[subprocess.Popen] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--no-show", "--scheduler-file", file,
        )  # fmt: skip
        self.address = wait_for(lambda: _address(file), "the scheduler's address")

    def add_worker(self, *, root: Path = project.ROOT, threads: int = 1) -> subprocess.Popen:
        """Start a worker with the sources that are in a folder."""
        worker = self._start(
            "worker", self.address, "--host", "127.0.0.1", "--nthreads", threads, "--no-nanny",
            "--no-dashboard", "--local-directory", self.folder, root=root,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def close(self):
        for each in self._all:
            each.kill()
        for each in self._all:
            each.wait()

    def _start(self, *words, root=project.ROOT):
        log = (self.folder / f"{words[0]}-{len(self._all)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, words)],
                cwd=root,
                env={**os.environ, "PYTHONPATH": str(root)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._all.append(process)
        return process


def _address(file):
    try:
        return json.loads(file.read_text())["address"]
    except (OSError, ValueError):
        return None  # Not there yet, or not whole.


@contextmanager
def dask_cluster(folder, workers=2):
    """Have a scheduler and so many workers for the block."""
    cluster = DaskCluster(folder)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.close()
