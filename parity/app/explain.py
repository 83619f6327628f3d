"""``monolith-parity explain``: the meaning of a word, or a fact and its evidence."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding

from parity.app.evidence import Evidence, evidence
from parity.app.reference import Entry, entries, options_of
from parity.base import project
from parity.base.problems import UsageError, did_you_mean
from parity.base.terminal_text import counted, shortened
from parity.spec.facts import Clause, clause_numbers, expected_clause, fact_range, known_facts

_FACT: Final = re.compile(r"B\w*|b\d\w*", re.ASCII)
"""The form of a query for a fact; no key or kind begins with a B."""
_LISTED: Final = 9
"""Up to this many cases of one method are listed by name."""
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def explain(word: str | None, console: Console) -> None:
    """Print everything of this name or path or, without one, list what can be asked for.

    Raises:
        UsageError: There is nothing of that name.
    """
    among = entries()
    if word is None:
        _print_names(among, console)
        return
    if _FACT.fullmatch(word):
        _explain_fact(word, console)
        return
    found = [each for each in among if word in (each.path, each.name)]
    if not found:
        known = [name for each in among for name in (each.name, each.path)]
        raise UsageError(
            f"{shortened(word)}: no such key or kind{did_you_mean(word, known)}; "
            "`monolith-parity explain` lists them"
        )
    for i, entry in enumerate(found):
        if i:
            console.print()
        _print_entry(entry, among, console)


def _print_names(among: tuple[Entry, ...], console: Console) -> None:
    groups: dict[str, list[str]] = {}
    for each in among:
        if each.kind != "option":
            name = each.path if each.kind == "key" else each.name
            groups.setdefault(each.kind, []).append(name)
    for kind, names in groups.items():
        console.print(f"{kind}s:", markup=False)
        _indented(", ".join(names), console)
    console.print("facts:", markup=False)
    _indented(fact_range(), console)


def _print_entry(entry: Entry, among: tuple[Entry, ...], console: Console) -> None:
    console.print(f"{entry.path} ({entry.kind})", style="bold", markup=False)
    _indented(_plain(entry.says), console)
    if entry.accepts not in ("", "a mapping"):
        _indented(_value(entry), console)
    if entry.example:
        _indented(f"in YAML: {entry.example}", console)
        _indented(f"in canonical JSON: {entry.canonical}", console)
    for option in options_of(entry, among):
        _indented(f"{option.name}: {_value(option)}", console)
        _indented(_plain(option.says), console, by=4)


def _value(entry: Entry) -> str:
    words = [_plain(entry.accepts)]
    if entry.kind in ("key", "option"):
        words.append("required" if entry.default is None else f"default {entry.default}")
    return "; ".join(words)


def _plain(markdown: str) -> str:
    paragraphs = markdown.replace("`", "").split("\n\n")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _indented(text: str, console: Console, by: int = 2) -> None:
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, by)), markup=False)
        return
    for line in text.split("\n"):  # Nothing is broken in two where a program reads it.
        console.print(f"{' ' * by}{line}", markup=False, highlight=False, soft_wrap=True)


def _explain_fact(number: str, console: Console) -> None:
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
    claim = _without_marks(clause.text)
    for paragraph in (claim if clause.number == asked else f"{clause.number} {claim}").split(
        "\n\n"
    ):
        _indented(paragraph, console)
    by = 2 if clause.number == asked else 4
    if clause.unobserved is not None:
        _indented(f"no evidence: {_without_marks(clause.unobserved)}", console, by)
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
    """Return the cases, replacing those of a method by their count if there are many."""
    lines = []
    for method, named in itertools.groupby(sorted(cases), lambda case: case.partition("/")[0]):
        of_method = list(named)
        many = len(of_method) > _LISTED
        lines += [f"{method} ({counted(len(of_method), 'case')})"] if many else of_method
    return lines


def _without_marks(markdown: str) -> str:
    """Return the text without its marks for code, emphasis and links."""
    return _LINK.sub(r"\1", re.sub(r"`+|\*+(?=\S)|(?<=\S)\*+", "", markdown))
