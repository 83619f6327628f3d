"""Interop's cells as a table: a row per RPC or message, a column per pair of languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from parity.interop.report import INTEROP_EXIT_CODES, InteropCell, InteropVerdict

_STYLES: Final[dict[InteropVerdict, str]] = {"agree": "green", "skipped": "yellow"}
_BAD: Final = "bold red"


def matrix(cells: Sequence[InteropCell]) -> Table:
    """Return a table of how many of the cases played agree, by row and column."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("client\nto server", no_wrap=True)
    pairs = dict.fromkeys((cell.client, cell.server) for cell in cells)
    for client, server in pairs:
        table.add_column(f"{client}\nto {server}", justify="right", no_wrap=True)
    for method in dict.fromkeys(cell.method for cell in cells):
        of_row = [cell for cell in cells if cell.method == method]
        table.add_row(
            method.rpartition(".")[2],
            *(
                _count([cell for cell in of_row if (cell.client, cell.server) == pair])
                for pair in pairs
            ),
        )
    return table


def trouble(cells: Sequence[InteropCell]) -> list[Text]:
    """Return each cell that neither agrees nor is skipped, with its reasons."""
    lines = []
    for cell in cells:
        if INTEROP_EXIT_CODES[cell.verdict]:
            lines.append(
                Text.assemble(
                    (f"{cell.verdict:<8}", _BAD),
                    f"{cell.client} to {cell.server}, {cell.method}: {cell.case}",
                )
            )
            lines += [Text(f"    {reason}") for reason in cell.reasons]
    return lines


def skips(cells: Sequence[InteropCell]) -> list[Text]:
    """Return each reason for skipping cells, and how many it skipped."""
    reasons = Counter(cell.reasons for cell in cells if cell.verdict == "skipped")
    return [
        Text(f"{count} skipped: {'; '.join(reason)}", style="yellow")
        for reason, count in reasons.items()
    ]


def _count(cells: Sequence[InteropCell]) -> Text:
    verdicts = Counter(cell.verdict for cell in cells)
    played = len(cells) - verdicts["skipped"]
    if not played:
        return Text("skipped", style=_STYLES["skipped"])
    style = _STYLES["agree"] if verdicts["agree"] == played else _BAD
    text = Text(f"{verdicts['agree']}/{played}", style=style)
    if verdicts["skipped"]:
        text.append(f" {verdicts['skipped']} skipped", style=_STYLES["skipped"])
    return text
