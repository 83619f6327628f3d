"""What a run says to GitHub Actions, and to nobody else."""

from __future__ import annotations

import pytest

from parity.base.problems import OutputError
from parity.report.terminal.github import annotation_lines, write_job_summary
from tests.parity.samples import REPORT, judged, report_of, trace

RUNNER = {"GITHUB_ACTIONS": "true"}
DIFFERS = report_of(judged(trace(), trace(REPORT)))


def test_each_scenario_that_needs_a_look_is_annotated_in_one_line():
    (line,) = annotation_lines(DIFFERS, RUNNER)
    assert line.startswith(
        "::error file=sample.yaml,line=1,title=sample%3A differs%2C one more report on ps_health::"
    )
    assert "%0A" in line
    assert "\n" not in line
    assert "replay" in line


def test_a_scenario_is_annotated_with_what_it_shows_itself():
    log = {**REPORT, "kind": "log", "level": "ERROR", "message": "PS 1"}
    del log["results"]
    records = [
        judged(trace(event), trace(event, event), name, expect={"reports": 9})
        for name, event in (("a", REPORT), ("b", REPORT), ("logged", log))
    ]
    titles = [line.partition("::")[2] for line in annotation_lines(report_of(*records), RUNNER)]
    assert ["one more log" in title for title in titles] == [False, False, True]


def test_a_broken_expectation_is_annotated_on_its_line():
    record = judged(trace(), steps=[{"advance": "1s"}], expect={"reports": 3})
    broken = tuple(each.model_copy(update={"line": 5}) for each in record.broken)
    (line,) = annotation_lines(report_of(record.model_copy(update={"broken": broken})), RUNNER)
    assert "line=5," in line


def test_elsewhere_nothing_is_said(tmp_path):
    assert list(annotation_lines(DIFFERS, {})) == []
    write_job_summary(DIFFERS, {})


def test_the_summary_is_appended_to_the_jobs(tmp_path):
    path = tmp_path / "summary.md"
    path.write_text("# the job\n")
    write_job_summary(DIFFERS, {"GITHUB_STEP_SUMMARY": str(path)})
    text = path.read_text()
    assert text.startswith("# the job\n## Parity of python and rust: 1 of 1 scenarios need a look")
    assert "1 need a look, 1 cause:" in text


def test_a_summary_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OutputError, match="can't be written"):
        write_job_summary(DIFFERS, {"GITHUB_STEP_SUMMARY": str(tmp_path)})
