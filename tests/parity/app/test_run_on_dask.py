"""``monolith-parity run --on``: the report is that of one machine, but for its times."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from parity.base import project
from tests.parity.dask_cluster import dask_cluster, wait_for
from tests.parity.preloaded import monolith_parity

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TIMES = re.compile(
    r'"seconds":[0-9.]+|data-seconds="[^"]*"|\b(?:time|timestamp)="[^"]*"|\b[0-9.]+ s\b|'
    r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|\+00:00| UTC)|"  # Also those of the port's log.
    r"\b[\d:]+\.\d+ +\d+ (?=\w+\.cc:)"  # A line of TensorFlow's, with the process.
)
BUILDS = "building the Rust port (cargo build in monolith-rs/)\n"
"""Said where cargo takes a while to find that there is nothing to build, as on a busy machine."""
FILES = ("report.jsonl", "summary.md", "index.html", "badge.svg", "junit.xml")


def without_times(text):
    return TIMES.sub("", text)


def reports(folder):
    return {name: without_times((folder / name).read_text()) for name in FILES}


def run(folder, *words, cache=""):
    done = monolith_parity("run", "--report", folder, *words, env={"PARITY_CACHE": str(cache)})
    return (
        done.returncode,
        done.stdout.replace(str(folder), "REPORT"),
        done.stderr.removeprefix(BUILDS),
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, rust_player):
    with dask_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


def test_the_reference_and_the_port_give_the_same_report(cluster, tmp_path):
    words = ["health/oom", "barrier/stop_and_resume", "cluster"]
    here = run(tmp_path / "here", *words)
    there = run(tmp_path / "there", *words, "--on", cluster.address)
    assert here[0] == 0
    assert "skipped" in here[1]
    assert there == here
    assert reports(tmp_path / "there") == reports(tmp_path / "here")


@pytest.mark.nightly
def test_differences_are_the_same_and_exit_with_1(cluster, tmp_path):
    driver = project.ROOT / "tests" / "drivers" / "buggy.py"
    words = ["health/oom", "health/another_ps_later", "barrier/all_blocked", "--reference", "rust"]
    words += ["--peer", f"{sys.executable} {driver} report_twice"]
    here = run(tmp_path / "here", *words)
    there = run(tmp_path / "there", *words, "--on", cluster.address)
    assert here[0] == 1
    assert there == here
    assert reports(tmp_path / "there") == reports(tmp_path / "here")


@pytest.mark.nightly
def test_what_was_played_there_is_kept_here(cluster, tmp_path):
    words = ["barrier", "--reference", "rust", "--peer", "recorded"]
    cache = tmp_path / "cache"
    first = run(tmp_path / "1", *words, "--on", cluster.address, cache=cache)
    assert (first[0], first[2]) == (0, "")
    assert "kept" not in first[1]
    again = run(tmp_path / "2", *words, cache=cache)
    assert again[0] == 0
    assert "traces played before and kept" in again[1]


def test_only_what_is_selected_is_played(cluster, tmp_path):
    words = ["barrier", "-k", "resume", "--reference", "rust", "--peer", "recorded"]
    here = run(tmp_path / "here", *words)
    assert run(tmp_path / "there", *words, "--on", cluster.address) == here
    assert reports(tmp_path / "there") == reports(tmp_path / "here")


@pytest.mark.nightly
def test_without_its_scheduler_a_run_ends_with_what_was_done(tmp_path, rust_player):
    hanging = project.ROOT / "tests" / "drivers" / "hanging.py"
    with dask_cluster(tmp_path) as cluster:
        process = subprocess.Popen(
            [sys.executable, "-m", "parity", "run", "health", "--reference", "rust",
             "--peer", f"{sys.executable} {hanging}", "--on", cluster.address,
             "--report", str(tmp_path / "report")],
            cwd=project.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment(tmp_path / "cache"),
        )  # fmt: skip
        wait_for(lambda: traces(tmp_path / "cache"), "a trace that was kept")
        cluster.scheduler.kill()
        out, err = process.communicate(timeout=100)
    assert process.returncode == 3
    assert err.endswith("the scheduler has gone; start the same command again\n")
    assert err.count("\n") == 1
    assert "not run" in out


def traces(cache):
    kept = cache.glob("*/[!.]*")  # What begins with a dot is about to get another name.
    return [path for path in kept if b'"events"' in path.read_bytes()]


def environment(cache):
    return {**os.environ, "PYTHONPATH": str(project.ROOT), "PARITY_CACHE": str(cache)}
