from __future__ import annotations

from parity.base.json_lines import JsonLinesWriter
from parity.interop import report as interop_report
from parity.interop.report import InteropCell
from parity.report.checklist.resolving import Box, Checklist, Evidence, ModuleChecklist
from parity.report.page.matrices import matrices_beside


def cell(verdict, client="python", server="rust", **fields):
    return InteropCell(
        client=client, server=server, method="StopTraining", verdict=verdict, **fields
    )


def write_interop(folder, cells):
    header = interop_report.InteropHeader(peers=("python", "rust"), note="", rust_source_digest="")
    writer = JsonLinesWriter(folder / interop_report.INTEROP_FILE, header)
    for each in cells:
        writer.add(each)
    writer.finish(interop_report.make_interop_footer(cells, interrupted=False, exit_code=0))


def test_nothing_beside_the_report_is_no_matrix(tmp_path):
    assert matrices_beside(tmp_path) == ()


def test_interop_counts_what_agrees_of_what_was_played(tmp_path):
    cells = [
        cell("agree", case="first"),
        cell("differs", case="twice", reasons=("OK is not ALREADY_EXISTS",)),
        cell("skipped", case="on ::1"),
        cell("skipped", case="first", server="python"),
    ]
    write_interop(tmp_path, cells)
    (matrix,) = matrices_beside(tmp_path)
    assert matrix.columns == ("python to rust", "python to python")
    (row,) = matrix.rows
    assert [each.words for each in row.cells] == ["1 of 2", "not run"]
    assert row.details == ("python to rust, twice: differs; OK is not ALREADY_EXISTS",)


def test_a_truncated_report_of_interop_is_not_shown(tmp_path):
    write_interop(tmp_path, [cell("agree", case="first")])
    file = tmp_path / interop_report.INTEROP_FILE
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    assert matrices_beside(tmp_path) == ()


def test_the_checklist_shows_why_a_box_is_open(tmp_path):
    boxes = (
        Box(title="Tests", state="ticked", evidence=(Evidence(selector="covers: B25"),)),
        Box(title="Logs", state="open", evidence=(Evidence(selector="x", doubt="not run"),)),
    )
    checklist = Checklist(
        modules=(ModuleChecklist(module="server_lib", boxes=boxes),),
        totals={"ticked": 1, "open": 1},
    )
    (tmp_path / "checklist.json").write_text(checklist.model_dump_json())
    (matrix,) = matrices_beside(tmp_path)
    assert matrix.columns == ("Tests", "Logs")
    assert [each.words for each in matrix.rows[0].cells] == ["ticked", "open"]
    assert matrix.rows[0].details == ("Logs: x: not run",)
