"""The folder of a report."""

from __future__ import annotations

import pytest

from parity.base.folder_lock import held
from parity.base.problems import UsageError
from parity.report.folder import (
    begin_report,
    render_again,
    render_report,
    report_file,
    write_rendered,
)
from parity.report.report import read_report
from tests.parity.samples import SESSION, judged, report_of, trace

WHOLE = ["badge.svg", "index.html", "report.jsonl", "summary.md"]
REPORT = report_of(judged(trace(SESSION)))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def whole_report(folder):
    writer = begin_report(folder, REPORT.header)
    writer.add(REPORT.records[0])
    writer.finish(REPORT.footer)
    write_rendered(REPORT, folder)


def test_all_renderings_stand_beside_the_report(tmp_path):
    whole_report(tmp_path)
    assert names(tmp_path) == WHOLE


def test_a_report_that_begins_takes_the_place_of_the_old_one_and_of_what_was_made_of_it(tmp_path):
    whole_report(tmp_path)
    (tmp_path / "junit.xml").touch()
    (tmp_path / "interop.jsonl").touch()
    writer = begin_report(tmp_path, REPORT.header)
    writer.close()
    assert names(tmp_path) == ["interop.jsonl", "report.jsonl"]
    with pytest.raises(UsageError, match="truncated"):
        read_report(writer.path)


def test_a_report_that_cannot_begin_leaves_the_old_one_with_its_page(tmp_path):
    whole_report(tmp_path)
    (tmp_path / "junit.xml").mkdir()  # Nothing can remove it as a file.
    with pytest.raises(UsageError, match=r"junit\.xml: can't be written: Is a directory"):
        begin_report(tmp_path, REPORT.header)
    assert not list(tmp_path.glob(".*"))
    assert read_report(tmp_path / "report.jsonl") == REPORT


def test_a_rendering_that_cannot_be_written_leaves_none(tmp_path):
    whole_report(tmp_path)
    (tmp_path / "summary.md").unlink()
    (tmp_path / "summary.md").mkdir()
    with pytest.raises(UsageError, match=r"summary\.md: expected a file, .* got a folder"):
        write_rendered(REPORT, tmp_path)
    assert names(tmp_path) == ["report.jsonl", "summary.md"]


def test_a_whole_report_is_rendered_again_and_a_truncated_one_is_not(tmp_path):
    whole_report(tmp_path)
    (tmp_path / "index.html").unlink()
    render_again(tmp_path)
    assert names(tmp_path) == WHOLE
    begin_report(tmp_path, REPORT.header).close()
    render_again(tmp_path)
    assert names(tmp_path) == ["report.jsonl"]


def test_a_run_that_was_killed_has_a_page_that_says_so(tmp_path):
    writer = begin_report(tmp_path, REPORT.header.model_copy(update={"scenarios": 3}))
    writer.add(REPORT.records[0])
    writer.close()
    report, page = render_report(tmp_path)
    assert not report.ended
    assert page == tmp_path / "index.html"
    said = "The run did not end: 1 of 3 scenarios are in this report"
    assert f"<strong>{said}.</strong>" in page.read_text()
    assert "Incomplete; nothing among 1 scenario" in page.read_text()
    assert f"**{said}**" in (tmp_path / "summary.md").read_text()
    assert "did not end, 1 of 1 agree" in (tmp_path / "badge.svg").read_text()


def test_a_page_can_be_written_beside_nothing_while_the_run_goes_on(tmp_path):
    with held(tmp_path / "run", "--report"):
        writer = begin_report(tmp_path / "run", REPORT.header)
        _, page = render_report(tmp_path / "run", tmp_path / "out")
        writer.close()
    assert page == tmp_path / "out" / "index.html"
    assert names(tmp_path / "run") == [".lock", "report.jsonl"]


def test_a_report_may_be_given_by_its_folder_or_itself(tmp_path):
    (tmp_path / "report.jsonl").touch()
    assert report_file(tmp_path) == report_file(tmp_path / "report.jsonl")
    with pytest.raises(UsageError, match="no such report"):
        report_file(tmp_path / "nothing")
