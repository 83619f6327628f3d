"""The clauses of docs/behaviour.md in a checklist: how many have evidence, and which are open."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from parity.spec.facts import Clause, known_facts


def print_clause_counts(open_clauses: Sequence[Clause], console: Console) -> None:
    """Print each open clause, then how many clauses there are of each state."""
    clauses = [clause for fact in known_facts().values() for clause in fact.clauses]
    unobserved = sum(clause.unobserved is not None for clause in clauses)
    for clause in open_clauses:
        line = f"open: {clause.number} {clause.text}"
        console.print(line, markup=False, highlight=False)
    evident = len(clauses) - unobserved - len(open_clauses)
    counts = f"{evident} with evidence, {unobserved} unobservable, {len(open_clauses)} open"
    console.print(f"{len(clauses)} clauses: {counts}", markup=False, highlight=False)
