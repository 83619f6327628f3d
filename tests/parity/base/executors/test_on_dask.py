"""The workers of a real scheduler: what they do, and what is said where they can't."""

from __future__ import annotations

import os
import shutil
import signal
from concurrent.futures import wait

import pytest

from parity.base import project
from parity.base.executors.choose import executor
from parity.base.executors.on_dask import dask_tasks
from parity.base.problems import PortUnavailableError, UsageError
from tests.parity.base.executors.counting import (
    Counting,
    die,
    double,
    fail,
    process,
    tell_and_wait,
)
from tests.parity.dask_cluster import dask_cluster, wait_for


@pytest.fixture
def setup(tmp_path):
    folder = tmp_path / "setup"
    folder.mkdir()
    return Counting(folder)


@pytest.fixture
def cluster(tmp_path):
    with dask_cluster(tmp_path) as cluster:
        yield cluster


@pytest.mark.parametrize("on", ["", "local", "local:0", "local:257", "local:x", "10.0.0.1:8786"])
def test_what_is_no_address_is_refused(on, setup):
    with pytest.raises(UsageError, match="expected local:"), executor(on, 1, setup):
        pytest.fail("there is nobody to work")


def test_an_address_that_nobody_listens_at_is_named(setup, monkeypatch):
    monkeypatch.setattr("parity.base.executors.on_dask._CONNECT_SECONDS", 1)
    on = "tcp://127.0.0.1:1"
    refused = pytest.raises(PortUnavailableError, match=f"{on}: there is no Dask scheduler")
    with refused, executor(on, 1, setup):
        pytest.fail("there is nobody to work")


@pytest.mark.slow
def test_tasks_are_done_in_several_processes_that_open_once_and_close(cluster, setup):
    with executor(cluster.address, 1, setup) as tasks:
        wait_for(lambda: tasks.size == 2, "two workers")
        results = [tasks.submit(double, i) for i in range(50)]
        assert [each.result() for each in results] == [2 * i for i in range(50)]
        with pytest.raises(ValueError, match="as it should"):
            tasks.submit(fail).result()
        wrong = tasks.finish()
        assert tasks.finish() == []
    workers = {str(worker.pid) for worker in cluster.workers}
    assert setup.names("opened") == setup.names("closed") == workers
    assert sorted(wrong) == sorted(f"{pid} was closed" for pid in workers)


@pytest.mark.slow
def test_what_a_killed_worker_was_doing_is_done_elsewhere_and_nothing_twice(cluster, setup):
    with executor(cluster.address, 1, setup) as tasks:
        wait_for(lambda: tasks.size == 2, "two workers")
        results = [tasks.submit(tell_and_wait, i) for i in range(6)]
        wait_for(lambda: len(setup.names("began")) >= 2, "two tasks that have begun")
        os.kill(cluster.workers[0].pid, signal.SIGKILL)
        (setup.folder / "go").touch()
        assert [each.result() for each in results] == list(range(6))
    done = [name.partition("-")[0] for name in setup.names("did")]
    assert sorted(done) == [str(i) for i in range(6)]


@pytest.mark.slow
def test_without_its_scheduler_a_command_ends_and_says_so(cluster, setup):
    with executor(cluster.address, 1, setup) as tasks:
        first = tasks.submit(double, 1)
        assert first.result() == 2
        left = [tasks.submit(tell_and_wait, i) for i in range(6)]
        wait_for(lambda: setup.names("began"), "a task that has begun")
        cluster.scheduler.kill()
        assert wait(left, timeout=30).not_done == set()
        for each in (*left, tasks.submit(double, 2)):
            with pytest.raises(PortUnavailableError, match="the scheduler has gone"):
                each.result(timeout=30)


@pytest.mark.slow
@pytest.mark.nightly
def test_tasks_end_where_no_worker_is_left(cluster, setup):
    with executor(cluster.address, 1, setup):
        pass  # The workers are there, however busy the machine is.
    with dask_tasks(cluster.address, setup, patience=10.0) as tasks:
        left = tasks.submit(tell_and_wait, 1)
        wait_for(lambda: setup.names("began"), "a task that has begun")
        for worker in cluster.workers:
            worker.kill()
        with pytest.raises(PortUnavailableError, match="no worker is left"):
            left.result(timeout=30)


@pytest.mark.slow
def test_what_kills_every_worker_is_given_up(tmp_path, setup):
    with dask_cluster(tmp_path, workers=5) as cluster, executor(cluster.address, 1, setup) as tasks:
        wait_for(lambda: tasks.size == 5, "five workers")
        with pytest.raises(PortUnavailableError, match="4 workers have died"):
            tasks.submit(die).result(timeout=60)


@pytest.mark.slow
def test_a_setup_that_can_not_be_opened_says_why(cluster, setup):
    with executor(cluster.address, 1, Counting(setup.folder, fails=True)) as tasks:
        error = tasks.submit(process).exception()
    assert isinstance(error, PortUnavailableError)
    assert str(error) == "there is nothing to open here"


@pytest.mark.slow
def test_a_worker_with_other_sources_or_more_threads_is_named(tmp_path, setup):
    other = tmp_path / "other"
    for folder in ("fakes", "monolith_hooks", "parity", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project.ROOT / folder, other / folder, ignore=ignored)
    (other / "fakes" / "more.py").write_text('"""Another module."""\n')
    with dask_cluster(tmp_path, workers=0) as cluster:
        odd = cluster.add_worker(root=other)
        refused = pytest.raises(PortUnavailableError, match="other sources: fakes: expected")
        with refused, executor(cluster.address, 1, setup):
            pytest.fail("it would play something else")
        odd.kill()
        sound = cluster.add_worker()
        odd.wait()
        with executor(cluster.address, 1, setup) as tasks:
            assert tasks.submit(process).result() == sound.pid
            cluster.add_worker(threads=3)  # It joins later.
            wait_for(lambda: tasks.size == 2, "two workers")
            results = [tasks.submit(process) for _ in range(50)]
            found = {str(each.exception()) for each in results if each.exception()}
        assert len(found) == 1
        assert "expected one thread, got 3" in found.pop()
    assert setup.names("opened") == {str(sound.pid)}


@pytest.mark.slow
def test_processes_of_its_own_do_the_same(setup):
    with executor("local:2", 1, setup) as tasks:
        results = [tasks.submit(double, i) for i in range(20)]
        assert [each.result() for each in results] == [2 * i for i in range(20)]
        assert len(tasks.finish()) >= 1
