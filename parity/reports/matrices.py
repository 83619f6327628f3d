"""Other matrices on the page beside the scenarios': who met whom, what has evidence."""

from __future__ import annotations

from parity.model import Model
from parity.reports.cells import Cell


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
