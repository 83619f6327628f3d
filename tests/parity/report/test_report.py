"""The report of a run, written and read."""

from __future__ import annotations

import pytest

from parity.base.problems import UsageError
from parity.report.report import Header, ReportWriter, make_footer, read_report
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
    with pytest.raises(UsageError, match="truncated, it has no footer"):
        read_report(writer.path)
    writer.finish(make_footer(HEADER, [], interrupted=True))


@pytest.mark.parametrize("text", ["", "{}\n", "not json\n", '{"kind":"footer"}\n'])
def test_what_is_no_report_is_refused(tmp_path, text):
    path = tmp_path / "report.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"report\.jsonl:"):
        read_report(path)
