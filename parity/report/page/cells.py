"""What each player made of a scenario, in a few words: a cell of the matrix."""

from __future__ import annotations

from parity.base.model import Model
from parity.report.page.signs import Tone
from parity.spec.trace import Trace
from parity.verdict.verdict import EXIT_CODES, Record


class MatrixRow(Model):
    """One row; ``details`` are whole sentences that open below its label."""

    label: str
    cells: tuple[Cell, ...]
    details: tuple[str, ...] = ()


class Matrix(Model):
    """A table of cells with a title, what it shows in a sentence, and names of its columns."""

    title: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


class Cell(Model):
    """Words, and a sign and tone to go with them."""

    sign: str
    tone: Tone
    words: str


def reference_cell(record: Record) -> Cell:
    """The reference's: it is what the peer is held to, so it can only fail or break ``expect``."""
    if record.trace is not None:
        return _played(record, record.trace, record.reference)
    return _absent(record)


def peer_cell(record: Record) -> Cell:
    """The peer's."""
    theirs = record.peer_events()
    if theirs is None:
        return _without_trace(record)
    channels = ", ".join(difference.channel for difference in record.differences)
    if record.peer_trace != "same" and record.verdict in {"differs", "nondeterministic"}:
        return Cell(sign="≠", tone="bad", words=f"differs: {channels}")
    if record.verdict == "known" and record.differences:
        return Cell(sign="≈", tone="known", words=f"known: {channels}")
    if record.verdict == "partial":
        return Cell(sign="◐", tone="known", words=", ".join(record.compared) or "nothing shown")
    return _played(record, theirs, record.peer)


def _played(record: Record, trace: Trace, name: str) -> Cell:
    called = {name, "the peer"} if " " in name or "/" in name else {name}
    broken = sum(each.player in called for each in record.broken)
    if broken:
        return Cell(sign="!", tone="bad", words=f"broke {broken} of expect")
    return Cell(sign="✓", tone="good", words=f"{len(trace.events)} events")


def _summarized(record: Record) -> Cell:
    if EXIT_CODES[record.verdict]:
        return Cell(sign="≠", tone="bad", words="summary differs")
    return Cell(sign="◐", tone="known", words="summary")


def _without_trace(record: Record) -> Cell:
    if record.compared:
        return _summarized(record)
    if record.trace is None and record.verdict != "not run":
        return Cell(sign="○", tone="idle", words="not asked")
    return _absent(record)


def _absent(record: Record) -> Cell:
    match record.verdict:
        case "failed":
            return Cell(sign="✕", tone="bad", words="failed")
        case "stale":
            return Cell(sign="↻", tone="bad", words="stale")
        case "skipped":
            return Cell(sign="»", tone="idle", words="skipped")
        case _:
            return Cell(sign="○", tone="idle", words="not run")
