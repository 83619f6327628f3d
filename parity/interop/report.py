"""The report of interop, ``interop.jsonl``: a header, one record per cell, and a footer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from parity.base.json_lines import check_totals, read_whole
from parity.base.model import Model

InteropVerdict = Literal["agree", "differs", "failed", "skipped"]

INTEROP_EXIT_CODES: Final[dict[InteropVerdict, int]] = {
    "agree": 0,
    "skipped": 0,
    "differs": 1,
    "failed": 3,
}


class InteropCell(Model):
    """One case with one language as the client and another one as the server.

    For messages, ``client`` writes and ``server`` reads. ``method`` is an RPC, a message, or
    another subject of the matrix's row; ``covers`` names the clauses of docs/behaviour.md
    that the case is evidence for. ``reasons`` are whole sentences: the expected and the actual
    result, or why the case was skipped.
    """

    client: str
    server: str
    method: str
    case: str
    covers: tuple[str, ...] = ()
    verdict: InteropVerdict
    reasons: tuple[str, ...] = ()


def interop_exit_code(cells: list[InteropCell]) -> int:
    """Return the worst exit code; a failure to take part outweighs a difference."""
    return max((INTEROP_EXIT_CODES[cell.verdict] for cell in cells), default=0)


FORMAT: Final = 1
INTEROP_FILE: Final = "interop.jsonl"


class InteropHeader(Model):
    """The header: ``peers`` in order; ``note`` says why one is missing."""

    kind: Literal["header"] = "header"
    format: int = FORMAT
    peers: tuple[str, ...]
    note: str
    rust_source_digest: str


class InteropFooter(Model):
    """The footer: the totals and the exit code."""

    kind: Literal["footer"] = "footer"
    verdicts: dict[InteropVerdict, int]
    interrupted: bool
    exit_code: int


class InteropReport(Model):
    """A whole report."""

    header: InteropHeader
    records: tuple[InteropCell, ...]
    footer: InteropFooter


def make_interop_footer(
    cells: Sequence[InteropCell], *, interrupted: bool, exit_code: int
) -> InteropFooter:
    """Return the footer with the totals of these cells."""
    verdicts = dict(Counter(cell.verdict for cell in cells))
    return InteropFooter(verdicts=verdicts, interrupted=interrupted, exit_code=exit_code)


def read_interop_report(path: Path) -> InteropReport:
    """Read a whole report.

    Raises:
        UsageError: The file is truncated, isn't a report, or has wrong totals.
    """
    report = read_whole(path, InteropReport, FORMAT, _name)
    counted = make_interop_footer(report.records, interrupted=False, exit_code=0)
    check_totals(path, report.footer, counted, ("verdicts",))
    return report


def _name(cell: InteropCell) -> str:
    return f"{cell.method}, {cell.case} ({cell.client} to {cell.server})"


def unequal(what: str, wanted: object, got: object) -> list[str]:
    """Return a sentence if the two values differ."""
    return [] if wanted == got else [f"{what}: expected {wanted!r}, got {got!r}"]
