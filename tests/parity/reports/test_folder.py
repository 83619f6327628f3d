"""The folder of a report."""

from __future__ import annotations

import pytest
from samples import SESSION, judged, report_of, trace

from parity.problems import UsageError
from parity.reports.folder import remove_rendered, report_file, write_rendered


def test_all_renderings_are_written_and_removed_again(tmp_path):
    (tmp_path / "report.jsonl").touch()
    write_rendered(report_of(judged(trace(SESSION))), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "badge.svg",
        "index.html",
        "report.jsonl",
        "summary.md",
    ]
    remove_rendered(tmp_path)
    remove_rendered(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.jsonl"]


def test_a_report_may_be_given_by_its_folder_or_itself(tmp_path):
    (tmp_path / "report.jsonl").touch()
    assert report_file(tmp_path) == report_file(tmp_path / "report.jsonl")
    with pytest.raises(UsageError, match="no such report"):
        report_file(tmp_path / "nothing")
