"""The matrices on the page from files beside the report: interop and checklists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from parity.base.model import Model, frozen
from parity.base.problems import UsageError
from parity.base.strict_json import read_json
from parity.base.terminal_text import counted
from parity.interop.report import INTEROP_EXIT_CODES, INTEROP_FILE, InteropCell, read_interop_report
from parity.report.checklist.printing import FILE_NAME as CHECKLIST
from parity.report.checklist.resolving import Box, Checklist, State
from parity.report.page.signs import Tone
from parity.spec.trace import Trace
from parity.verdict.record import EXIT_CODES, Record


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
    """Return the reference's cell; the reference can only fail or break ``expect``."""
    if record.trace is not None:
        return _played(record, record.trace, record.reference)
    return _absent(record)


def peer_cell(record: Record) -> Cell:
    """Return the peer's cell."""
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
    return Cell(sign="✓", tone="good", words=f"{counted(len(trace.events), 'event')}")


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


_NOTHING: Final = Cell(sign="○", tone="idle", words="not run")
_BOXES: Final[dict[State, Cell]] = {
    "ticked": Cell(sign="✓", tone="good", words="ticked"),
    "open": Cell(sign="!", tone="bad", words="open"),
}


def matrices_beside(folder: Path) -> tuple[Matrix, ...]:
    """Return those matrices of ``interop`` and ``checklist`` beside a report that are whole."""
    return (*_interop(folder / INTEROP_FILE), *_checklist(folder / CHECKLIST))


def _interop(path: Path) -> Iterator[Matrix]:
    try:
        cells = read_interop_report(path).records
    except UsageError:
        return
    pairs = list(dict.fromkeys((cell.client, cell.server) for cell in cells))
    methods = dict.fromkeys(cell.method for cell in cells)
    yield Matrix(
        title="Interop",
        about="Cases that agree, of those played, by client and server, over real gRPC.",
        columns=tuple(f"{client} to {server}" for client, server in pairs),
        rows=tuple(
            _interop_row(method, [cell for cell in cells if cell.method == method], pairs)
            for method in methods
        ),
    )


def _interop_row(
    method: str, cells: Sequence[InteropCell], pairs: Sequence[tuple[str, str]]
) -> MatrixRow:
    return MatrixRow(
        label=method.rpartition(".")[2],
        cells=tuple(
            _agreeing([cell for cell in cells if (cell.client, cell.server) == pair])
            for pair in pairs
        ),
        details=tuple(
            f"{cell.client} to {cell.server}, {cell.case}: {cell.verdict}; "
            + "; ".join(cell.reasons)
            for cell in cells
            if INTEROP_EXIT_CODES[cell.verdict]
        ),
    )


def _agreeing(cells: Sequence[InteropCell]) -> Cell:
    played = [cell for cell in cells if cell.verdict != "skipped"]
    if not played:
        return _NOTHING
    agreeing = sum(cell.verdict == "agree" for cell in played)
    words = f"{agreeing} of {len(played)}"
    if agreeing < len(played):
        return Cell(sign="≠", tone="bad", words=words)
    return Cell(sign="✓", tone="good", words=words)


def _checklist(path: Path) -> Iterator[Matrix]:
    try:
        checklist = Checklist.model_validate(frozen(read_json(path)))
    except ValueError:  # Bad UTF-8, bad JSON, or not valid for the model.
        return
    titles = dict.fromkeys(box.title for module in checklist.modules for box in module.boxes)
    yield Matrix(
        title="Checklists",
        about="The seed's boxes of each module, ticked by what the last runs showed.",
        columns=tuple(titles),
        rows=tuple(
            MatrixRow(
                label=module.module,
                cells=tuple(_BOXES[box.state] for box in module.boxes),
                details=tuple(f"{box.title}: {_why(box)}" for box in module.boxes if _why(box)),
            )
            for module in checklist.modules
        ),
    )


def _why(box: Box) -> str:
    """Return the reasons why a box is open."""
    return "; ".join(
        f"{each.selector}: {each.doubt}" for each in box.evidence if each.doubt is not None
    )
