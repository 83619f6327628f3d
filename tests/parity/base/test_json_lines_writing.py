"""Files of JSON lines, as they are written."""

from __future__ import annotations

from collections import deque

import pytest

from parity.base.json_lines import JsonLinesWriter, write_records
from parity.base.problems import OutputError, UsageError
from parity.report.report import read_report
from tests.parity.no_room import fill, small_disk
from tests.parity.samples import SESSION, judged, report_of, trace

REPORT = report_of(judged(trace(SESSION)))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_was_done_is_there_although_it_goes_on(tmp_path):
    writer = JsonLinesWriter(tmp_path / "report.jsonl", REPORT.header)
    writer.add(REPORT.records[0])
    lines = (tmp_path / "report.jsonl").read_text().splitlines()
    assert len(lines) == 2
    writer.finish(REPORT.footer)
    assert read_report(tmp_path / "report.jsonl") == REPORT
    assert names(tmp_path) == ["report.jsonl"]


def test_a_reader_of_the_old_file_reads_it_to_the_end(tmp_path):
    path = tmp_path / "report.jsonl"
    path.write_text("old\nolder\n")
    with path.open() as reader:
        assert reader.readline() == "old\n"
        JsonLinesWriter(path, REPORT.header).close()
        assert reader.read() == "older\n"


def test_a_full_disk_keeps_the_old_file_and_what_was_made_from_it(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        (disk / "report.jsonl").write_text("old")
        (disk / "index.html").write_text("of the old one")
        fill(disk)
        with pytest.raises(OutputError, match=r"report\.jsonl: can't be written: No space left"):
            JsonLinesWriter(disk / "report.jsonl", REPORT.header, [disk / "index.html"])
        assert names(disk) == ["filler", "index.html", "report.jsonl"]
        assert (disk / "report.jsonl").read_text() == "old"


def test_a_disk_that_fills_up_later_leaves_what_was_done(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        writer = JsonLinesWriter(disk / "report.jsonl", REPORT.header)
        fill(disk)
        with pytest.raises(OutputError, match="free space there, or choose another folder"):
            deque(map(writer.add, REPORT.records * 100))
        writer.close()
        with pytest.raises(UsageError):
            read_report(disk / "report.jsonl")
        assert names(disk) == ["filler", "report.jsonl"]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_removed_or_replaced_meanwhile_is_not_called_whole(tmp_path, replaced):
    path = tmp_path / "report.jsonl"
    writer = JsonLinesWriter(path, REPORT.header)
    path.unlink()
    if replaced:
        path.write_text("another one's")
    with pytest.raises(OutputError, match=r"report\.jsonl: was removed or replaced during the run"):
        writer.finish(REPORT.footer)


def test_records_are_written_all_or_not_at_all(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        write_records(disk / "found.jsonl", REPORT.records)
        before = (disk / "found.jsonl").read_text()
        with pytest.raises(OutputError):
            write_records(disk / "found.jsonl", REPORT.records * 1000)
        assert (disk / "found.jsonl").read_text() == before
        assert names(disk) == ["found.jsonl"]
