"""Which scenarios a run plays: shards, and what failed last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.app.selection import Shard, selected
from parity.base import project
from parity.base.problems import UsageError
from parity.report.report import ReportWriter, make_footer
from tests.parity.samples import REPORT, judged, report_of, scenario_file, trace

FILES = [scenario_file(name) for name in ("b", "c", "a", "e", "d")]


def names(files):
    return [file.name for file in files]


@given(count=st.integers(min_value=1, max_value=5))
def test_the_shards_are_all_scenarios_each_once(count):
    shards = [selected(FILES, Shard(i + 1, count), last=False) for i in range(count)]
    assert sorted(name for shard in shards for name in names(shard)) == ["a", "b", "c", "d", "e"]
    sizes = [len(shard) for shard in shards]
    assert max(sizes) - min(sizes) <= 1


NO_SHARDS = ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "\u0661/\u0662"]


@pytest.mark.parametrize("text", NO_SHARDS)
def test_a_text_that_is_no_shard_is_refused(text):
    with pytest.raises(UsageError, match="expected I/N"):
        Shard.parse(text)


def test_more_shards_than_scenarios_are_refused():
    with pytest.raises(UsageError, match="at most 5 shards"):
        selected(FILES, Shard(6, 6), last=False)


@pytest.fixture
def last_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(*records, folder=project.REPORTS, began="2026-01-02T03:04:05+00:00"):
        report = report_of(*records, began=began)
        writer = ReportWriter(folder, report.header)
        for record in records:
            writer.add(record)
        writer.finish(make_footer(report.header, records, interrupted=False))

    return write


GOOD = judged(trace(), name="a", steps=[{"advance": "1s"}], expect={"reports": 0})
BAD = judged(trace(), trace(REPORT), name="b")


def test_what_failed_last_is_played_alone(last_run):
    last_run(GOOD, BAD)
    assert names(selected(FILES, None, last=True)) == ["b"]


def test_all_is_played_if_nothing_failed(last_run):
    last_run(GOOD)
    assert len(selected(FILES, None, last=True)) == 5


def test_the_newest_report_counts(last_run):
    last_run(BAD)
    last_run(GOOD, folder=project.REPORTS / "partial", began="2026-01-03T00:00:00+00:00")
    assert len(selected(FILES, None, last=True)) == 5


def test_without_a_report_it_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="there is no report of a run in reports/"):
        selected(FILES, None, last=True)
