"""The workers of a Dask scheduler, as an executor.

Queue, heartbeats, transport and the handing out of a dead worker's tasks are Dask's. What is
added: a look whether each worker has the same sources, and an end where there is nothing to wait
for: no scheduler any more, or no worker for a while.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from distributed import Client, LocalCluster, Worker, fire_and_forget, get_worker
from distributed.scheduler import KilledWorker

from parity.base.executors.setup import Setup, TaskGroup, call, close_setup
from parity.base.executors.tasks import START_AGAIN, Tasks
from parity.base.problems import PortUnavailableError, UsageError

T = TypeVar("T")
R = TypeVar("R")

PATIENCE: Final = 60.0
"""Seconds without a worker, or without an answer of the scheduler, after which it is lost."""
MOST: Final = 256
"""Processes that ``local:N`` may ask for."""

_CONNECT_SECONDS: Final = 10
_CLOSE_SECONDS: Final = 30.0
_LOOK_EACH: Final = 1.0
_LOGGERS: Final = ("distributed", "tornado")
_SILENT: Final = logging.CRITICAL + 1
_LOCAL: Final = re.compile(r"local:(\d{1,4})")
_ADDRESS: Final = re.compile(r"(tcp|tls)://\S+:\d{1,5}")


@contextmanager
def dask_tasks(on: str, setup: Setup[T], patience: float = PATIENCE) -> Iterator[Tasks[T]]:
    """Have a scheduler's workers for the block.

    Raises:
        UsageError: ``on`` is neither ``local:N`` nor an address.
        PortUnavailableError: There is no scheduler, no worker, or one with other sources.
    """
    sources = dict(setup.sources())
    with _quiet(), _client(on) as client:
        _wait_for_a_worker(client, on, patience)
        _check_all(client, setup, sources)
        group = TaskGroup(setup)
        watch = _Watch(client, on, patience)
        tasks = Tasks(
            client.get_executor(pure=False),
            _CheckedCall(sources),
            group,
            size=lambda: watch.workers,
            finish=lambda: _finish(client, group.token, tasks),
            explain=lambda error: _explain(on, error),
        )
        with watch.over(tasks):
            yield tasks
            tasks.finish()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the log of Dask and of its event loop out of the terminal: errors say what is to be."""
    named = [name for name in logging.root.manager.loggerDict if name.startswith(_LOGGERS)]
    levels = {name: logging.getLogger(name).level for name in named}  # Most have one of their own.
    try:
        for name in named:
            logging.getLogger(name).setLevel(_SILENT)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _client(on: str) -> Iterator[Client]:
    local = _LOCAL.fullmatch(on)
    if local is not None:
        count = int(local[1])
        if not 1 <= count <= MOST:
            raise UsageError(f"--on {on}: expected local:1 to local:{MOST}")
        with (
            LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
                silence_logs=_SILENT,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client
        return
    if _ADDRESS.fullmatch(on) is None:
        raise UsageError(
            f"--on {on}: expected local:N, or a scheduler's address such as tcp://10.0.0.1:8786"
        )
    try:
        client = Client(on, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError.
        raise PortUnavailableError(
            f"--on {on}: there is no Dask scheduler, or it doesn't answer ({error}); "
            "dask scheduler starts one"
        ) from None
    try:
        yield client
    finally:
        client.close(timeout=_CONNECT_SECONDS)


def _how_to_start(on: str) -> str:
    return f"start some in this project's environment: dask worker {on} --nthreads 1 --nworkers N"


def _wait_for_a_worker(client: Client, on: str, patience: float) -> None:
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError:
        raise PortUnavailableError(
            f"--on {on}: no worker has come within {patience:g} s; {_how_to_start(on)}"
        ) from None


def _check_all(client: Client, setup: Setup[Any], sources: Mapping[str, str]) -> None:
    """Refuse workers that would play something else, before anything is handed out."""
    looked = client.run(_problem_of, setup, sources, on_error="return")
    problems = [
        f"{address} can't look at its sources ({found}); it needs this project's environment"
        if isinstance(found, Exception)
        else found
        for address, found in sorted(looked.items())
        if found is not None and not isinstance(found, OSError)  # It has gone meanwhile.
    ]
    if problems:
        raise PortUnavailableError("\n".join(problems))


def _problem_of(setup: Setup[Any], sources: Mapping[str, str], dask_worker: Worker) -> str | None:
    """Return why this worker mustn't work, or None; called there."""
    who = f"worker {dask_worker.address} on {socket.gethostname()}"
    if dask_worker.state.nthreads != 1:
        return (
            f"{who}: expected one thread, got {dask_worker.state.nthreads}; players live in one "
            "thread: dask worker ADDRESS --nthreads 1 --nworkers N"
        )
    here = setup.sources()
    for name in sorted({*sources, *here}):
        ours, theirs = sources.get(name, "none"), here.get(name, "none")
        if ours != theirs:
            return (
                f"{who} has other sources: {name}: expected {ours}, got {theirs}; "
                "bring it up to date, and start it again"
            )
    return None


_checked: list[str] = []
"""The token of the group that this worker was last checked for."""


@dataclass(frozen=True)
class _CheckedCall:
    """A call, in a worker that is looked at before its first: it may have joined since."""

    sources: Mapping[str, str]

    def __call__(self, group: TaskGroup[Any], function: Callable[..., R], args: Sequence[Any]) -> R:
        if group.token not in _checked:
            worker = get_worker()
            problem = _problem_of(group.setup, self.sources, worker)
            if problem is not None:
                raise PortUnavailableError(problem)
            _stop_profiling(worker)
            _checked[:] = [group.token]
        return call(group, function, args)


def _stop_profiling(worker: Worker) -> None:
    """End Dask's sampling of the stacks of all threads, of which a play has many."""
    for name in ("profile", "profile-cycle"):
        sampling = worker.periodic_callbacks.get(name)
        if sampling is not None:
            worker.loop.add_callback(sampling.stop)


def _explain(on: str, error: BaseException) -> PortUnavailableError | None:
    """Return the error for what Dask raises when it has lost something for good."""
    if isinstance(error, CancelledError):
        return _gone(on)
    if isinstance(error, KilledWorker):
        return PortUnavailableError(
            f"--on {on}: {error.allowed_failures + 1} workers have died, each while it was doing "
            f"the same; the last was {error.last_worker.address}; {START_AGAIN}"
        )
    return None


class _Watch:
    """Counts the workers, and ends the tasks if there is nobody who could do them."""

    def __init__(self, client: Client, on: str, patience: float) -> None:
        self._client = client
        self._on = on
        self._patience = patience
        self._ended = threading.Event()
        self.workers = len(client.nthreads())

    @contextmanager
    def over(self, tasks: Tasks[Any]) -> Iterator[None]:
        """Watch over the tasks during the block."""
        thread = threading.Thread(target=self._watch, args=(tasks,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _watch(self, tasks: Tasks[Any]) -> None:
        last = time.monotonic()
        while not self._ended.wait(_LOOK_EACH):
            try:
                self.workers = len(self._client.nthreads(callback_timeout=self._patience))
            except Exception:  # noqa: BLE001 - of any kind: it doesn't answer
                tasks.lose(_gone(self._on))
                return
            now = time.monotonic()
            if self.workers or tasks.idle:
                last = now
            elif now - last > self._patience:
                tasks.lose(
                    PortUnavailableError(
                        f"--on {self._on}: no worker is left, and none has come within "
                        f"{self._patience:g} s; {_how_to_start(self._on)}; {START_AGAIN}"
                    )
                )
                return


def _gone(on: str) -> PortUnavailableError:
    return PortUnavailableError(f"--on {on}: the scheduler has gone; {START_AGAIN}")


def _finish(client: Client, token: str, tasks: Tasks[Any]) -> list[str]:
    """Close what this group has open in each worker.

    Where tasks are left, as after Ctrl-C, nobody waits for those that run.
    """
    if client.status != "running":
        return []
    closing = [
        client.submit(close_setup, token, workers=[address], pure=False)
        for address in client.nthreads()
    ]
    if not tasks.idle:
        fire_and_forget(closing)
        return []
    found: list[str] = []
    for each in closing:
        with suppress(Exception):  # A worker that has gone has closed everything.
            found += each.result(timeout=_CLOSE_SECONDS)
    return found
