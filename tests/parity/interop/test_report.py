"""interop.jsonl, written and read."""

from __future__ import annotations

import pytest

from parity.base.json_lines import JsonLinesWriter
from parity.base.problems import UsageError
from parity.interop.report import (
    InteropCell,
    InteropHeader,
    interop_exit_code,
    make_interop_footer,
    read_interop_report,
)

HEADER = InteropHeader(peers=("python", "rust"), note="", rust_source_digest="sha256:0")


def cell(verdict, reasons=()):
    return InteropCell(
        client="python",
        server="rust",
        method="StopTraining",
        case="twice",
        covers=("B25a",),
        verdict=verdict,
        reasons=reasons,
    )


def test_a_report_written_and_read_is_itself(tmp_path):
    other = cell("differs", ("code: expected 'OK', got 'ABORTED'",))
    cells = [cell("agree"), other.model_copy(update={"case": "other"})]
    writer = JsonLinesWriter(tmp_path / "new" / "interop.jsonl", HEADER)
    for each in cells:
        writer.add(each)
    footer = make_interop_footer(cells, interrupted=False, exit_code=1)
    writer.finish(footer)
    report = read_interop_report(writer.path)
    assert (report.header, list(report.records), report.footer) == (HEADER, cells, footer)
    assert report.footer.verdicts == {"agree": 1, "differs": 1}


def test_a_report_without_its_footer_is_refused(tmp_path):
    writer = JsonLinesWriter(tmp_path / "interop.jsonl", HEADER)
    writer.add(cell("agree"))
    with pytest.raises(UsageError, match="truncated, it has no footer"):
        read_interop_report(writer.path)
    writer.finish(make_interop_footer([], interrupted=True, exit_code=2))


@pytest.mark.parametrize("text", ["", "3\n", "{}\n", "not json\n", '{"kind":"footer"}\n'])
def test_what_is_no_report_is_refused(tmp_path, text):
    path = tmp_path / "interop.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"interop\.jsonl:"):
        read_interop_report(path)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        (["agree", "skipped"], 0),
        (["agree", "differs"], 1),
        (["failed", "differs", "agree"], 3),
    ],
)
def test_the_exit_code_is_that_of_the_worst_cell(verdicts, code):
    assert interop_exit_code([cell(verdict) for verdict in verdicts]) == code
