"""The report of interop, ``interop.jsonl``: a header, one record a cell, and a footer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from parity.interop.cells import InteropCell, Verdict
from parity.json_lines import check_totals, read_whole
from parity.model import Model

FORMAT: Final = 1
FILE_NAME: Final = "interop.jsonl"


class Header(Model):
    """Who met whom. ``note`` says why somebody is missing; ``peers`` are in order."""

    kind: Literal["header"] = "header"
    format: int = FORMAT
    peers: tuple[str, ...]
    note: str
    rust_source_digest: str


class Footer(Model):
    """What came of it."""

    kind: Literal["footer"] = "footer"
    verdicts: dict[Verdict, int]
    interrupted: bool
    exit_code: int


class Report(Model):
    """A whole report."""

    header: Header
    records: tuple[InteropCell, ...]
    footer: Footer


def make_footer(cells: Sequence[InteropCell], *, interrupted: bool, exit_code: int) -> Footer:
    """Totals of these cells."""
    verdicts = dict(Counter(cell.verdict for cell in cells))
    return Footer(verdicts=verdicts, interrupted=interrupted, exit_code=exit_code)


def read_report(path: Path) -> Report:
    """Read a whole report.

    Raises:
      UsageError: it is truncated, no report, or doesn't add up.
    """
    report = read_whole(path, Report, FORMAT, _name)
    counted = make_footer(report.records, interrupted=False, exit_code=0)
    check_totals(path, report.footer, counted, ("verdicts",))
    return report


def _name(cell: InteropCell) -> str:
    return f"{cell.method}, {cell.case} ({cell.client} to {cell.server})"
