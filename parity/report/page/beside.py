"""The matrices on the page that come from files beside the report: interop and checklists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from parity.base.model import frozen
from parity.base.problems import UsageError
from parity.base.strict_json import read_json
from parity.interop.report import EXIT_CODES, InteropCell
from parity.interop.report import FILE_NAME as INTEROP
from parity.interop.report import read_report as read_interop
from parity.report.checklist.printing import FILE_NAME as CHECKLIST
from parity.report.checklist.resolving import Box, Checklist, State
from parity.report.page.cells import Cell, Matrix, MatrixRow

_NOTHING: Final = Cell(sign="○", tone="idle", words="not run")
_BOXES: Final[dict[State, Cell]] = {
    "ticked": Cell(sign="✓", tone="good", words="ticked"),
    "open": Cell(sign="!", tone="bad", words="open"),
    "declared open": Cell(sign="○", tone="idle", words="declared open"),
}


def matrices_beside(folder: Path) -> tuple[Matrix, ...]:
    """What ``interop`` and ``checklist`` left in a report's folder; nothing that isn't whole."""
    return (*_interop(folder / INTEROP), *_checklist(folder / CHECKLIST))


def _interop(path: Path) -> Iterator[Matrix]:
    try:
        cells = read_interop(path).records
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
            if EXIT_CODES[cell.verdict]
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
    except ValueError:  # Of the file, of JSON and of the model.
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
    """Why a box is open; nothing of one that is ticked."""
    if box.reason is not None:
        return f"declared open: {box.reason}"
    return "; ".join(
        f"{each.selector}: {each.doubt}" for each in box.evidence if each.doubt is not None
    )
