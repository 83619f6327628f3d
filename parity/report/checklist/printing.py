"""``monolith-parity checklist``: makes the checklist, writes and prints it."""

from __future__ import annotations

from collections import Counter
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

FILE_NAME: Final = "checklist.json"
PLAN: Final = project.ROOT / "docs" / "checklist.yaml"
_SHOWN: Final = 4
_MARKS: Final[dict[State, tuple[str, str]]] = {
    "ticked": ("[x]", "green"),
    "open": ("[ ] open", "bold red"),
    "declared open": ("[ ] open", "yellow"),
}


def checklist(folder: Path, *, as_json: bool, strict: bool, console: Console) -> int:
    """Tick what the results in this folder prove; 0, or 1 if ``strict`` and more is open than said.

    Raises:
        UsageError: the plan isn't valid.
        OutputError: the checklist can't be written.
    """
    made = make_checklist(load_plan(PLAN), read_check_results(folder, project.ROOT), project.ROOT)
    text = made.model_dump_json(indent=1) + "\n"
    write_whole(folder / FILE_NAME, text)
    if as_json:
        console.file.write(text)
    else:
        _print(made, console)
    return 1 if strict and made.totals["open"] else 0


def _print(made: Checklist, console: Console) -> None:
    for module in made.modules:
        ticked = sum(box.state == "ticked" for box in module.boxes)
        table = Table(
            title=f"{module.module}: {ticked} of {len(module.boxes)}",
            title_justify="left",
            expand=True,
            show_lines=True,
        )
        table.add_column("box", ratio=2)
        table.add_column("", no_wrap=True)
        table.add_column("evidence, and its last verdict", ratio=5)
        for box in module.boxes:
            mark, style = _MARKS[box.state]
            table.add_row(box.title, Text(mark, style=style), _shown(box))
        console.print(table)
    counts = ", ".join(f"{count} {state}" for state, count in made.totals.items())
    console.print(f"{sum(made.totals.values())} boxes: {counts}", markup=False)


def _shown(box: Box) -> Text:
    if box.reason is not None:
        return Text(f"declared open: {box.reason}")
    by_doubt: dict[str | None, list[Evidence]] = {}
    for evidence in box.evidence:
        by_doubt.setdefault(evidence.doubt, []).append(evidence)
    good = map(_verdicts, by_doubt.pop(None, []))
    bad = (
        Text(f"{', '.join(each.selector for each in doubted)}: {doubt}", style="red")
        for doubt, doubted in by_doubt.items()
    )
    return Text("\n").join((*good, *bad))


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
