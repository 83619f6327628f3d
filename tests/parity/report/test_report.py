"""The report of a run, written and read."""

from __future__ import annotations

import pytest

from parity.base.problems import UsageError
from parity.report.report import (
    Header,
    ReportWriter,
    gaps,
    incomplete,
    make_footer,
    read_begun_report,
    read_report,
)
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences
from tests.parity.samples import REPORT, Script, scenario_file, trace

HEADER = Header(
    reference="python", peer="rust", note="", seed=None, scenarios=2, rust_source_digest="sha256:0"
)


def a_record(peer=None):
    one = trace(REPORT)
    judge = Judge(Script(one), Script(peer or one), KnownDifferences())
    return judge.judge(scenario_file(expect={"reports": 1}))


def test_a_report_written_and_read_is_itself(tmp_path):
    records = [a_record(), a_record(trace()).model_copy(update={"scenario": "other"})]
    writer = ReportWriter(tmp_path / "new" / "folder", HEADER)
    for record in records:
        writer.add(record)
    footer = make_footer(HEADER, records, interrupted=False)
    writer.finish(footer)
    report = read_report(writer.path)
    assert (report.header, list(report.records), report.footer) == (HEADER, records, footer)
    assert report.footer.verdicts == {"agree": 1, "differs": 1}
    assert report.footer.agreements["reports"] == 1


def test_what_was_done_is_there_before_the_end_but_counts_as_truncated(tmp_path):
    writer = ReportWriter(tmp_path, HEADER)
    writer.add(a_record())
    assert len(writer.path.read_text().splitlines()) == 2
    with pytest.raises(
        UsageError, match=r"truncated, it has no footer; .*, or monolith-parity render"
    ):
        read_report(writer.path)
    writer.finish(make_footer(HEADER, [], interrupted=True))


def begun(tmp_path):
    """The file of a run that was killed after one of its two scenarios."""
    writer = ReportWriter(tmp_path, HEADER)
    writer.add(a_record())
    writer.close()
    return writer.path


def test_a_run_that_was_killed_is_read_as_far_as_it_came(tmp_path):
    report = read_begun_report(begun(tmp_path))
    assert not report.ended
    assert [record.verdict for record in report.records] == ["agree"]
    assert report.footer.interrupted
    assert report.footer.exit_code == 2
    said = "The run did not end: 1 of 2 scenarios are in this report"
    assert incomplete(report) == said
    assert f"{said}." in list(gaps(report))


@pytest.mark.parametrize("cut", [1, 40, 100])
def test_a_last_line_that_was_cut_off_is_left_out(tmp_path, cut):
    path = begun(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    report = read_begun_report(path)
    assert len(report.records) == (1 if cut == 1 else 0)


def test_a_line_that_is_wrong_is_no_line_that_was_cut_off(tmp_path):
    path = begun(tmp_path)
    path.write_bytes(path.read_bytes() + b"{}\n{")
    with pytest.raises(UsageError, match=r"report\.jsonl:3: no report"):
        read_begun_report(path)


def test_a_report_that_ended_is_read_whole_either_way(tmp_path):
    records = [a_record(), a_record().model_copy(update={"scenario": "other"})]
    writer = ReportWriter(tmp_path, HEADER)
    for record in records:
        writer.add(record)
    writer.finish(make_footer(HEADER, records, interrupted=False))
    report = read_begun_report(writer.path)
    assert report == read_report(writer.path)
    assert incomplete(report) == ""


def test_what_did_not_begin_is_no_report(tmp_path):
    path = tmp_path / "report.jsonl"
    path.touch()
    with pytest.raises(UsageError, match="it is empty; expected a run that began"):
        read_begun_report(path)


@pytest.mark.parametrize("text", ["", "{}\n", "not json\n", '{"kind":"footer"}\n'])
def test_what_is_no_report_is_refused(tmp_path, text):
    path = tmp_path / "report.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"report\.jsonl:"):
        read_report(path)
