"""Reports of shards, joined."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from parity.base.problems import UsageError
from parity.report.merge import merge, merged
from parity.report.report import ReportWriter, read_report
from tests.parity.samples import REPORT, SESSION, judged, report_of, trace

AGREES = judged(trace(SESSION), name="a")
DIFFERS = judged(trace(SESSION), trace(SESSION, REPORT), name="b")
NOT_RUN = AGREES.model_copy(update={"verdict": "not run", "trace": None, "agreements": {}})


def written(folder, report, junit=None):
    writer = ReportWriter(folder, report.header)
    for record in report.records:
        writer.add(record)
    writer.finish(report.footer)
    if junit:
        (folder / "junit.xml").write_text(junit)
    return folder


def test_the_joined_report_is_that_of_one_run():
    report = merged(
        {
            "one": report_of(AGREES, note="x", began="2026-01-02T00:00:00+00:00"),
            "two": report_of(DIFFERS, note="x", began="2026-01-01T00:00:00+00:00"),
        }
    )
    assert report.records == (AGREES, DIFFERS)
    assert (report.header.scenarios, report.header.note) == (2, "x")
    assert report.header.began == "2026-01-01T00:00:00+00:00"
    assert report.footer.verdicts == {"agree": 1, "differs": 1}
    assert report.footer.agreements["session"] == 2
    assert report.footer.exit_code == 1


def test_what_one_shard_left_to_another_counts_where_it_was_played():
    report = merged({"one": report_of(NOT_RUN, DIFFERS), "two": report_of(AGREES)})
    assert {record.scenario: record.verdict for record in report.records} == {
        "a": "agree",
        "b": "differs",
    }


def test_what_no_shard_played_stays_not_run_once():
    report = merged({"one": report_of(NOT_RUN), "two": report_of(NOT_RUN)})
    assert [record.verdict for record in report.records] == ["not run"]
    assert report.footer.exit_code == 2


def test_a_scenario_played_twice_is_refused_by_name():
    with pytest.raises(UsageError, match=r"^a: played in one and in two; expected each"):
        merged({"one": report_of(AGREES), "two": report_of(AGREES)})


@pytest.mark.parametrize("header", [{"peer": "recorded"}, {"seed": 3}, {"versions": {"x": "1"}}])
def test_reports_of_different_runs_are_refused_with_what_differs(header):
    (key,) = header
    with pytest.raises(UsageError, match=f"^two: {key} is .*, in one it is "):
        merged({"one": report_of(AGREES), "two": report_of(DIFFERS, **header)})


def test_an_interrupted_shard_makes_an_interrupted_run():
    report = merged({"one": report_of(AGREES, interrupted=True), "two": report_of(DIFFERS)})
    assert report.footer.interrupted
    assert report.footer.exit_code == 2


def test_everything_is_written_for_the_joined_report(tmp_path):
    junit = '<testsuites><testsuite name="{0}"><testcase name="{0}"/></testsuite></testsuites>'
    one = written(tmp_path / "one", report_of(AGREES), junit.format("a"))
    two = written(tmp_path / "two", report_of(DIFFERS), junit.format("b"))
    report = merge([one, two], tmp_path / "out")
    assert read_report(tmp_path / "out" / "report.jsonl") == report
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".lock",
        "badge.svg",
        "index.html",
        "junit.xml",
        "report.jsonl",
        "summary.md",
    ]
    cases = ET.parse(tmp_path / "out" / "junit.xml").getroot().iter("testcase")
    assert [case.attrib["name"] for case in cases] == ["a", "b"]


def test_a_shard_is_never_overwritten_by_the_joined_report(tmp_path):
    one = written(tmp_path / "one", report_of(AGREES))
    with pytest.raises(UsageError, match="this is one of the shards"):
        merge([one], one)


def test_a_folder_without_a_report_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"report\.jsonl: no such report; expected a folder"):
        merge([tmp_path], tmp_path / "out")
    assert not (tmp_path / "out").exists()
