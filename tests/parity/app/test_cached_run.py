"""``monolith-parity run`` with a cache: what is kept, when it is used, and what it can't do."""

from __future__ import annotations

import sys

import pytest

from parity.base import project
from parity.report.report import read_report
from tests.parity.preloaded import monolith_parity

pytestmark = pytest.mark.slow

FEW = ["scenarios/health/oom.yaml", "scenarios/barrier/stop_and_resume.yaml"]
SOUND = "recorded"
BUGGY = f"{sys.executable} {project.ROOT / 'tests' / 'drivers' / 'buggy.py'} report_twice"


@pytest.fixture
def run(tmp_path):
    def run(peer=SOUND, *words):
        env = {"PARITY_CACHE": str(tmp_path / "cache")}
        folder = tmp_path / "reports"
        done = monolith_parity("run", "--report", folder, *FEW, "--peer", peer, *words, env=env)
        records = read_report(folder / "report.jsonl").records
        return done, {record.scenario: record for record in records}

    return run


def entries(tmp_path):
    return [path for path in (tmp_path / "cache").glob("*/*") if b'"events"' in path.read_bytes()]


def test_the_reference_is_played_once(run, tmp_path):
    _, first = run()
    assert {record.cached for record in first.values()} == {()}
    assert len(entries(tmp_path)) == 2  # Recordings aren't kept twice.
    done, second = run()
    assert {record.cached for record in second.values()} == {("reference",)}
    assert "traces played before and kept: 2 of the reference" in done.stdout
    for name, record in second.items():
        assert record.verdict == first[name].verdict == "agree"
        assert record.trace == first[name].trace


def test_without_the_cache_everything_is_played(run):
    run()
    done, records = run(SOUND, "--no-cache")
    assert {record.cached for record in records.values()} == {()}
    assert "kept" not in done.stdout


def test_processes_share_it(run):
    run(SOUND, "-n", "2")
    _, records = run(SOUND, "-n", "2")
    assert {record.cached for record in records.values()} == {("reference",)}


@pytest.mark.parametrize("spoilt", [b"", b"{}\n{}"], ids=["truncated", "replaced"])
def test_a_spoilt_entry_is_played_anew(run, tmp_path, spoilt):
    run()
    for entry in entries(tmp_path):
        entry.write_bytes(spoilt)
    _, records = run()
    assert {record.verdict for record in records.values()} == {"agree"}
    assert {record.cached for record in records.values()} == {()}


def test_swapped_entries_are_played_anew(run, tmp_path):
    run()
    one, two = entries(tmp_path)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    _, records = run()
    assert {record.verdict for record in records.values()} == {"agree"}
    assert {record.cached for record in records.values()} == {()}


def test_a_difference_from_what_was_kept_is_found(run):
    run()
    done, records = run(BUGGY)
    assert done.returncode == 1
    assert records["health/oom"].verdict == "differs"
    assert {record.cached for record in records.values()} == {("reference",)}
