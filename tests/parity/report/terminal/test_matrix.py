"""The table and the lines under it."""

from __future__ import annotations

import io

from rich.console import Console

from parity.interop.report import InteropCell
from parity.report.terminal.matrix import matrix, skips, trouble


def cell(client, server, method, verdict, *reasons):
    return InteropCell(
        client=client,
        server=server,
        method=method,
        case="x",
        verdict=verdict,
        reasons=reasons,
    )


CELLS = [
    cell("python", "python", "StopTraining", "agree"),
    cell("python", "python", "StopTraining", "agree"),
    cell("python", "rust", "StopTraining", "agree"),
    cell("python", "rust", "StopTraining", "differs", "step 1: code: expected 'OK'"),
    cell("python", "python", "monolith.Action", "agree"),
    cell("python", "rust", "monolith.Action", "skipped", "no cargo"),
    cell("python", "python", "address file", "agree"),
    cell("python", "python", "address file", "skipped", "no ::1"),
    cell("python", "rust", "address file", "failed", "crashed"),
]


def test_a_row_counts_what_agrees_of_what_was_played_in_each_pair():
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(matrix(CELLS))
    lines = [line.split() for line in console.export_text().splitlines() if line.strip()]
    assert lines[0] == ["client", "python", "python"]
    assert lines[1] == ["to", "server", "to", "python", "to", "rust"]
    assert lines[3:] == [
        ["StopTraining", "2/2", "1/2"],
        ["Action", "1/1", "skipped"],
        ["address", "file", "1/1", "1", "skipped", "0/1"],
    ]


def test_what_differs_or_failed_is_shown_with_its_reasons():
    assert [line.plain for line in trouble(CELLS)] == [
        "differs python to rust, StopTraining: x",
        "    step 1: code: expected 'OK'",
        "failed  python to rust, address file: x",
        "    crashed",
    ]


def test_skips_are_counted_by_reason():
    assert [line.plain for line in skips(CELLS)] == ["1 skipped: no cargo", "1 skipped: no ::1"]
