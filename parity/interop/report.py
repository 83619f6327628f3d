"""The report of interop, ``interop.jsonl``: a header, one record a cell, and a footer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from parity.base.json_lines import check_totals, read_whole
from parity.base.model import Model

Verdict = Literal["agree", "differs", "failed", "skipped"]

EXIT_CODES: Final[dict[Verdict, int]] = {"agree": 0, "skipped": 0, "differs": 1, "failed": 3}


class InteropCell(Model):
    """One case with one language calling and another one serving.

    Of messages, ``client`` is who writes and ``server`` who reads. ``method`` is an
    RPC, a message, or what else the row of the matrix is about; ``covers`` names the
    facts of docs/behaviour.md that it is evidence for. ``reasons`` are whole
    sentences: what was expected and what was got, or why it was skipped.
    """

    client: str
    server: str
    method: str
    case: str
    covers: tuple[str, ...] = ()
    verdict: Verdict
    reasons: tuple[str, ...] = ()


def exit_code(cells: list[InteropCell]) -> int:
    """The worst of them; failing to take part outweighs differing."""
    return max((EXIT_CODES[cell.verdict] for cell in cells), default=0)


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
