"""Tasks: what an engine gives, and an end of all of them when it is lost."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

from parity.base.executors.choose import executor
from parity.base.executors.setup import TaskGroup, call, close_setup
from parity.base.executors.tasks import Tasks, as_they_end, explain_broken_pool
from parity.base.problems import PortUnavailableError
from tests.parity.base.executors.counting import Counting, die, double, fail, process


class Opened(list):
    """A setup that remembers, in this process."""

    def open(self):
        self.append("opened")
        return self

    def close(self, opened):
        self.append("closed")
        return ["it jammed"]

    def sources(self):
        return {}


@pytest.fixture(autouse=True)
def nothing_open():
    yield
    close_setup()


def tasks_on(engine, group, explain=lambda error: None):
    return Tasks(engine, call, group, size=lambda: 0, finish=close_setup, explain=explain)


def test_a_job_is_opened_once_and_another_closes_it():
    first, second = Opened(), Opened()
    with ThreadPoolExecutor(1) as engine:
        tasks = tasks_on(engine, TaskGroup(first))
        assert [tasks.submit(double, i).result() for i in range(3)] == [0, 2, 4]
        assert first == ["opened"]
        assert tasks_on(engine, TaskGroup(second)).submit(double, 4).result() == 8
    assert (first, second) == (["opened", "closed"], ["opened"])


def test_two_commands_never_share_what_is_open():
    setup = Opened()
    for _ in range(2):
        assert call(TaskGroup(setup), double, (1,)) == 2
    assert setup == ["opened", "closed", "opened"]


def test_what_another_job_has_open_is_left_open():
    setup = Opened()
    group = TaskGroup(setup)
    call(group, double, (1,))
    assert close_setup("another") == []
    assert close_setup(group.token) == ["it jammed"]
    assert setup == ["opened", "closed"]


def test_errors_are_the_tasks_own():
    with ThreadPoolExecutor(1) as engine:
        tasks = tasks_on(engine, TaskGroup(Opened()))
        with pytest.raises(ValueError, match="as it should"):
            tasks.submit(fail).result()
        assert tasks.idle
        assert tasks.size == 1


def test_a_lost_engine_ends_what_is_left_and_what_comes():
    go = threading.Event()
    with ThreadPoolExecutor(1) as engine:
        tasks = tasks_on(engine, TaskGroup(Opened()))
        done = tasks.submit(double, 1)
        assert done.result() == 2
        left = tasks.submit(lambda opened: go.wait(30))
        tasks.lose(PortUnavailableError("it has gone"))
        for each in (left, tasks.submit(double, 1)):
            with pytest.raises(PortUnavailableError, match="it has gone"):
                each.result(timeout=10)
        go.set()
    assert done.result() == 2
    assert tasks.idle


def test_what_an_engine_raises_is_explained():
    class Gone:
        def submit(self, *words):
            ended = Future()
            ended.cancel()
            ended.set_running_or_notify_cancel()
            return ended

    def explain(error):
        return PortUnavailableError("gone") if isinstance(error, CancelledError) else None

    with pytest.raises(PortUnavailableError, match="gone"):
        tasks_on(Gone(), TaskGroup(Opened()), explain).submit(double, 1).result()


def test_an_engine_that_takes_nothing_more_is_lost():
    class Broken:
        def submit(self, *words):
            raise BrokenProcessPool

    tasks = tasks_on(Broken(), TaskGroup(Opened()), explain_broken_pool)
    with pytest.raises(PortUnavailableError, match="start the same command again"):
        tasks.submit(double, 1).result()


@pytest.mark.slow
def test_no_more_are_submitted_than_may_be_under_way():
    under_way = 0
    most_seen = 0

    def submit(item):
        nonlocal under_way, most_seen
        under_way += 1
        most_seen = max(most_seen, under_way)
        ended = Future()
        ended.set_result(item)
        return ended

    seen = []
    for result in as_they_end(range(7), submit, lambda: 3):
        under_way -= 1
        seen.append(result)
    assert sorted(seen) == list(range(7))
    assert most_seen == 3


def test_what_has_ended_well_is_given_before_an_error():
    def submit(item):
        ended = Future()
        if item == 0:
            ended.set_exception(ValueError("lost"))
        else:
            ended.set_result(item)
        return ended

    results = as_they_end(range(3), submit, lambda: 3)
    assert {next(results), next(results)} == {1, 2}
    with pytest.raises(ValueError, match="lost"):
        next(results)


def test_processes_here_open_once_and_say_what_went_wrong_at_the_end(tmp_path):
    setup = Counting(tmp_path)
    with executor(None, 2, setup) as tasks:
        assert tasks.size == 2
        pids = {tasks.submit(process).result() for _ in range(20)}
        wrong = tasks.finish()
    assert setup.names("opened") == setup.names("closed") == {str(pid) for pid in pids}
    assert sorted(wrong) == sorted(f"{pid} was closed" for pid in pids)


@pytest.mark.slow
def test_a_process_that_dies_here_ends_the_command(tmp_path):
    with executor(None, 1, Counting(tmp_path)) as tasks:
        error = tasks.submit(die).exception()
    assert isinstance(error, PortUnavailableError)
    assert str(error).startswith("a process that plays has died")


def test_dask_is_imported_only_where_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)  # As if it weren't installed.
    monkeypatch.delitem(sys.modules, "parity.base.executors.on_dask", raising=False)
    setup = Counting(tmp_path)
    with executor(None, 1, setup) as tasks:
        assert tasks.size == 1
    with pytest.raises(ModuleNotFoundError) as raised, executor("local:1", 1, setup):
        pytest.fail("there is no Dask")
    assert raised.value.name == "distributed"
