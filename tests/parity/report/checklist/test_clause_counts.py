"""The clauses at the end of a checklist."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from parity.report.checklist.printing import print_clause_counts
from parity.spec.facts import clause_numbers, known_facts


def test_open_clauses_are_printed_before_the_counts():
    out = StringIO()
    (first, *_) = known_facts()["B29"].clauses
    print_clause_counts([first], Console(file=out, width=80))
    *still_open, counts = out.getvalue().splitlines()
    assert still_open == ["open: B29a GetTrainingStatus returns the global step."]
    assert counts.startswith(f"{len(clause_numbers())} clauses: ")
    assert counts.endswith(" unobservable, 1 open")
