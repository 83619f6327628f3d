"""How many mutants of each file are caught."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from parity.mutants.outcome import MutantOutcome


def caught_share(outcomes: Sequence[MutantOutcome]) -> float:
    """Percent of the viable mutants; 100 where there are none."""
    viable = [each for each in outcomes if each.viable]
    return 100 * sum(each.caught for each in viable) / len(viable) if viable else 100.0


def table(outcomes: Sequence[MutantOutcome]) -> Table:
    """A row a file, and one for all."""
    shown = Table("file", title="Mutants")
    for column in ("mutants", "viable", "caught", "survived", "caught %"):
        shown.add_column(column, justify="right")
    for file in dict.fromkeys(each.file for each in outcomes):
        shown.add_row(file, *_figures([each for each in outcomes if each.file == file]))
    shown.add_row("all", *_figures(outcomes))
    return shown


def _figures(outcomes: Sequence[MutantOutcome]) -> tuple[str, ...]:
    viable = [each for each in outcomes if each.viable]
    caught = sum(each.caught for each in viable)
    counts = (len(outcomes), len(viable), caught, len(viable) - caught)
    return (*map(str, counts), f"{caught_share(outcomes):.1f}")
