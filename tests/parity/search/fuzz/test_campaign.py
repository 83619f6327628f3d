"""A campaign on several processes, and on a real scheduler's workers: the same comes of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from parity.base import project
from tests.parity.dask_cluster import dask_cluster, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

COUNT = 200
TIMES = re.compile(r'"seconds":[0-9.]+')


def command(report, *words):
    # The port on both sides: no worker needs TensorFlow for it.
    sides = ("--reference", "rust", "--peer", "rust")
    return [
        *(sys.executable, "-m", "parity", "fuzz", "--seed", "3", "--count", str(COUNT)),
        *(*sides, "--report", str(report), *words),
    ]


def start(report, *words):
    return subprocess.Popen(
        command(report, *words),
        cwd=project.ROOT,
        env={**os.environ, "PYTHONPATH": str(project.ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(process):
    out, err = process.communicate(timeout=500)
    return process.returncode, out, err


def batches(report):
    path = report / "3.jsonl"
    return path.read_text().count("\n") - 1 if path.exists() else 0


def kept(report):
    return TIMES.sub("", (report / "3.jsonl").read_text())


@pytest.fixture(scope="module")
def one_machine(tmp_path_factory, rust_player):
    report = tmp_path_factory.mktemp("one")
    code, out, err = done(start(report, "-n", "1"))
    assert (code, err) == (0, "")
    return kept(report), out


def test_two_processes_give_what_one_gives(tmp_path, one_machine):
    assert done(start(tmp_path, "-n", "2"))[:2] == (0, one_machine[1])
    assert kept(tmp_path) == one_machine[0]


@pytest.mark.nightly
def test_a_worker_that_is_killed_costs_nothing_that_counts(tmp_path, one_machine):
    with dask_cluster(tmp_path) as cluster:
        campaign = start(tmp_path / "report", "--on", cluster.address)
        wait_for(lambda: batches(tmp_path / "report") >= 2, "two batches")
        os.kill(cluster.workers[0].pid, signal.SIGKILL)
        left = batches(tmp_path / "report")
        assert done(campaign) == (0, one_machine[1], "")
    assert left < COUNT / 25, "it was killed in the middle"
    assert kept(tmp_path / "report") == one_machine[0]


@pytest.mark.nightly
def test_what_was_done_when_the_scheduler_died_is_kept(tmp_path, one_machine):
    report = tmp_path / "report"
    (tmp_path / "first").mkdir()
    with dask_cluster(tmp_path / "first") as cluster:
        campaign = start(report, "--on", cluster.address)
        wait_for(lambda: batches(report) >= 2, "two batches")
        cluster.scheduler.kill()
        code, _, err = done(campaign)
    assert code == 3
    assert err == (
        f"--on {cluster.address}: the scheduler has gone; start the same command again\n"
    )
    assert 2 <= batches(report) < COUNT / 25
    with dask_cluster(tmp_path) as cluster:
        code, out, err = done(start(report, "--on", cluster.address))
    assert (code, err) == (0, "")
    first, rest = out.split("\n", 1)
    assert first.startswith("going on after ")
    assert rest == one_machine[1]
    assert kept(report) == one_machine[0]
