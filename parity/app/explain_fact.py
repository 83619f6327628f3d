"""``monolith-parity explain B12``: a fact of the behaviour, and the evidence for it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding

from parity.app.evidence import FactEvidence, evidence
from parity.base import project
from parity.base.problems import UsageError
from parity.base.terminal_text import shortened
from parity.spec.facts import read_facts, unknown_fact

FACT: Final = re.compile(r"B\w*|b\d\w*", re.ASCII)
"""What somebody types who asks for a fact; no key or kind begins with a B."""
_LISTED: Final = 9
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def explain_fact(number: str, console: Console) -> None:
    """Print a fact and the names of all that is evidence for it.

    Raises:
        UsageError: There is no fact of that number, or the page of facts isn't valid.
    """
    if expected := unknown_fact(number):
        meant = number.upper()
        hint = f" (did you mean {meant}?)" if meant != number and not unknown_fact(meant) else ""
        raise UsageError(f"{shortened(number)}: no such fact; {expected}{hint}")
    fact = next(each for each in read_facts(project.BEHAVIOUR) if each.number == number)
    console.print(f"{fact.number} ({fact.section})", style="bold", markup=False, highlight=False)
    for paragraph in fact.text.split("\n\n"):
        _indented(_plain(paragraph), console)
    if fact.unobserved is not None:
        _indented(f"no evidence: {_plain(fact.unobserved)}", console)
    _print_evidence(evidence().get(number, FactEvidence()), console)


def _print_evidence(found: FactEvidence, console: Console) -> None:
    kinds = (
        ("scenarios", found.scenarios),
        ("interop", _by_method(found.cases)),
        ("tests", found.tests),
    )
    for kind, names in kinds:
        if names:
            _indented(f"{kind}:", console)
            for name in names:
                _indented(name, console, by=4)
    if project.SOURCES is None:
        _indented("tests: only a checkout has them", console)


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
