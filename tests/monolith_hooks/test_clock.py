from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from monolith_hooks.clock import SYSTEM_CLOCK


class Coordinates:
    """A coordinator that has been asked to stop or not, and remembers its threads."""

    def __init__(self, stopped: bool = False) -> None:
        self.stopped = stopped
        self.asked: list[float | None] = []
        self.registered: list[tuple[threading.Thread, bool]] = []

    def should_stop(self) -> bool:
        return self.stopped

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        return self.stopped

    def register_thread(self, thread: threading.Thread) -> None:
        self.registered.append((thread, thread.is_alive()))


def test_a_thread_is_a_daemon_registered_before_it_starts():
    coord = Coordinates()
    ran = threading.Event()
    thread = SYSTEM_CLOCK.start_thread(ran.set, name="x", coord=coord)
    thread.join()
    assert ran.is_set()
    assert (thread.name, thread.daemon) == ("x", True)
    assert coord.registered == [(thread, False)]


def test_a_stop_is_waited_for_at_the_coordinator():
    coord = Coordinates(stopped=True)
    assert SYSTEM_CLOCK.wait_for_stop(coord, 30)
    assert SYSTEM_CLOCK.wait_for_stop(coord)
    assert coord.asked == [30, None]


def test_time_goes_on_and_sleeping_nothing_returns():
    before = SYSTEM_CLOCK.now()
    SYSTEM_CLOCK.sleep(0)
    assert SYSTEM_CLOCK.now() >= before


def test_a_lock_is_held_by_one_at_a_time():
    lock = SYSTEM_CLOCK.lock()
    with lock:
        assert not lock.acquire(blocking=False)
    assert lock.acquire(blocking=False)


def test_a_handler_pool_runs_as_many_tasks_at_a_time_as_it_has_workers():
    both = threading.Barrier(2)
    with SYSTEM_CLOCK.handler_pool(2, name="pool") as pool:
        tasks = [pool.submit(both.wait, 60) for _ in range(2)]
        assert sorted(task.result() for task in tasks) == [0, 1]


def test_the_default_clock_says_what_it_is():
    assert repr(SYSTEM_CLOCK) == "SystemClock()"


@pytest.mark.parametrize("module", ["clock", "net_utils", "device_utils", "server.constants"])
def test_what_needs_no_tensorflow_does_not_import_it(module):
    program = f"import sys, monolith_hooks.{module}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
