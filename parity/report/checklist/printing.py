"""``monolith-parity checklist``: makes, writes and prints the checklist and the clauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from parity.base import project
from parity.base.files import write_whole
from parity.report.checklist.plan import load_plan
from parity.report.checklist.resolving import Box, Checklist, Evidence, State, make_checklist
from parity.report.checklist.results import read_check_results
from parity.spec.facts import Clause, known_facts

FILE_NAME: Final = "checklist.json"
PLAN: Final = project.ROOT / "docs" / "checklist.yaml"
_SHOWN: Final = 4


def checklist(
    folder: Path, *, as_json: bool, strict: bool, everything: bool, console: Console
) -> int:
    """Tick the boxes that the results in this folder prove.

    Returns 0, or 1 if ``strict`` and a box is open.

    Raises:
        UsageError: The plan isn't valid.
        OutputError: The checklist can't be written.
    """
    made = make_checklist(load_plan(PLAN), read_check_results(folder, project.ROOT), project.ROOT)
    text = made.model_dump_json(indent=1) + "\n"
    write_whole(folder / FILE_NAME, text)
    if as_json:
        console.file.write(text)
    else:
        _print(made, everything, console)
    return 1 if strict and made.totals["open"] else 0


def print_clause_counts(open_clauses: Sequence[Clause], console: Console) -> None:
    """Print each open clause, then the number of clauses in each state."""
    clauses = [clause for fact in known_facts().values() for clause in fact.clauses]
    unobserved = sum(clause.unobserved is not None for clause in clauses)
    for clause in open_clauses:
        line = f"open: {clause.number} {clause.text}"
        console.print(line, markup=False, highlight=False)
    evident = len(clauses) - unobserved - len(open_clauses)
    counts = f"{evident} with evidence, {unobserved} unobservable, {len(open_clauses)} open"
    console.print(f"{len(clauses)} clauses: {counts}", markup=False, highlight=False)


def _print(made: Checklist, everything: bool, console: Console) -> None:
    """Print the open boxes, the ticked ones if asked, and the counts."""
    boxes = [(module.module, box) for module in made.modules for box in module.boxes]
    _print_table("open", [each for each in boxes if each[1].state == "open"], console)
    if everything:
        _print_table("ticked", [each for each in boxes if each[1].state == "ticked"], console)
    for module in made.modules:
        ticked = sum(box.state == "ticked" for box in module.boxes)
        console.print(f"{module.module}: {ticked} of {len(module.boxes)}", highlight=False)
    counts = ", ".join(f"{count} {state}" for state, count in made.totals.items())
    hint = "" if everything else "; --all shows what is evidence for which"
    console.print(f"{len(boxes)} boxes: {counts}{hint}", markup=False, highlight=False)


def _print_table(state: State, boxes: list[tuple[str, Box]], console: Console) -> None:
    if not boxes:
        return
    table = Table(title=state, title_justify="left", expand=True, show_lines=True)
    table.add_column("module and box", ratio=2)
    title = "why" if state == "open" else "evidence, and its last verdict"
    table.add_column(title, ratio=3, overflow="fold")
    for module, box in boxes:
        name = Text(f"{module}\n", style="bold red" if state == "open" else "bold green")
        table.add_row(name.append(box.title, style="default"), _shown(box))
    console.print(table)


def _shown(box: Box) -> Text:
    """Return a box's claim, with either its doubts or the verdicts of all its evidence."""
    lines = [] if box.not_applicable is None else [Text(f"not applicable: {box.not_applicable}")]
    by_doubt: dict[str | None, list[Evidence]] = {}
    for evidence in box.evidence:
        by_doubt.setdefault(evidence.doubt, []).append(evidence)
    good = by_doubt.pop(None, [])
    lines += (
        Text(f"{', '.join(each.selector for each in doubted)}: {doubt}", style="red")
        for doubt, doubted in by_doubt.items()
    )
    if not by_doubt:
        lines += map(_verdicts, good)
    return Text("\n").join(lines)


def _verdicts(evidence: Evidence) -> Text:
    counts = Counter(result.said for result in evidence.results)
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    names = [
        result.name.rpartition("::")[2]
        for result in evidence.results
        if result.name not in evidence.selector
    ]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    listed = f" ({', '.join(names[:_SHOWN])}{more})" if names else ""
    return Text(f"{evidence.selector}: {said or 'there'}{listed}")
