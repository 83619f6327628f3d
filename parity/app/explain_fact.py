"""``monolith-parity explain B12``: a fact of the behaviour, and the evidence for each clause."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding

from parity.app.evidence import Evidence, evidence
from parity.base import project
from parity.base.problems import UsageError
from parity.base.terminal_text import shortened
from parity.spec.facts import Clause, clause_numbers, expected_clause, fact_range, known_facts

FACT: Final = re.compile(r"B\w*|b\d\w*", re.ASCII)
"""What somebody types who asks for a fact; no key or kind begins with a B."""
_LISTED: Final = 9
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def explain_fact(number: str, console: Console) -> None:
    """Print a fact or one of its clauses, with the names of all that is evidence for each clause.

    Raises:
        UsageError: There is no fact or clause of that number, or the page of facts isn't valid.
    """
    section, clauses = _found(number)
    console.print(f"{number} ({section})", style="bold", markup=False, highlight=False)
    covered = evidence()
    for clause in clauses:
        _print_clause(clause, covered.get(clause.number, Evidence()), number, console)
    if project.SOURCES is None:
        _indented("tests: only a checkout has them", console)


def _found(number: str) -> tuple[str, tuple[Clause, ...]]:
    """Return the section of a fact or clause, and all clauses that were asked for."""
    for fact in known_facts().values():
        if fact.number == number:
            return fact.section, fact.clauses
        for clause in fact.clauses:
            if clause.number == number:
                return fact.section, (clause,)
    if expected := expected_clause(number):
        raise UsageError(f"{shortened(number)}: no such clause; {expected}")
    meant = number[:1].upper() + number[1:]
    is_known = meant != number and (meant in known_facts() or meant in clause_numbers())
    hint = f" (did you mean {meant}?)" if is_known else ""
    raise UsageError(f"{shortened(number)}: no such fact; expected {fact_range()}{hint}")


def _print_clause(clause: Clause, found: Evidence, asked: str, console: Console) -> None:
    claim = _plain(clause.text)
    for paragraph in (claim if clause.number == asked else f"{clause.number} {claim}").split(
        "\n\n"
    ):
        _indented(paragraph, console)
    by = 2 if clause.number == asked else 4
    if clause.unobserved is not None:
        _indented(f"no evidence: {_plain(clause.unobserved)}", console, by)
    elif not found.any():
        _indented("open: nothing is evidence for it", console, by)
    kinds = (
        ("scenarios", found.scenarios),
        ("interop", _by_method(found.cases)),
        ("tests", found.tests),
    )
    for kind, names in kinds:
        if names:
            _indented(f"{kind}:", console, by)
            for name in names:
                _indented(name, console, by + 2)


def _by_method(cases: Sequence[str]) -> list[str]:
    """The cases, with a count in place of the many of one method."""
    lines = []
    for method, named in itertools.groupby(sorted(cases), lambda case: case.partition("/")[0]):
        of_method = list(named)
        many = len(of_method) > _LISTED
        lines += [f"{method} ({len(of_method)} cases)"] if many else of_method
    return lines


def _plain(markdown: str) -> str:
    """The text without its marks of code, emphasis and links."""
    return _LINK.sub(r"\1", re.sub(r"`+|\*+(?=\S)|(?<=\S)\*+", "", markdown))


def _indented(text: str, console: Console, by: int = 2) -> None:
    console.print(Padding(text, (0, 0, 0, by)), markup=False, highlight=False)
