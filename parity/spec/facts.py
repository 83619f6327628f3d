"""The facts of docs/behaviour.md: what the original does, numbered from B1 on.

The page is the only source of their texts. A fact is a heading ``### B12`` and what stands below
it: paragraphs that make one claim, or a list of clauses, each of which begins with its own
number, ``- **B12a** ...``. A claim may end with the reason why nothing here can observe it.
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from parity.base import project
from parity.base.bounds import LARGEST_LOG
from parity.base.files import read_text
from parity.base.model import Model
from parity.base.problems import UsageError

_HEADING: Final = re.compile(r"^(#{1,3}) +(.+)$", re.MULTILINE)
_NUMBER: Final = re.compile(r"B[1-9][0-9]*")
_ITEM: Final = re.compile(r"^- ", re.MULTILINE)
_NO_EVIDENCE: Final = "*No evidence:* "


class Clause(Model):
    """One claim that can be tested on its own, in Markdown."""

    number: str
    """Its number: ``B12b``, or ``B5`` for the only claim of a fact."""
    text: Annotated[str, Field(min_length=1)]
    """Its paragraphs, each on one line, with an empty line between two."""
    unobserved: str | None = None
    """Why nothing here can observe it; None for a clause that has evidence."""


class Fact(Model):
    """One numbered fact."""

    number: str
    """Its number: ``B12``."""
    section: str
    """The heading that it stands under."""
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    """What it claims, in the order of the page."""


def read_facts(path: Path) -> tuple[Fact, ...]:
    """Read the facts of a page, in its order.

    Raises:
        UsageError: The page can't be read, has a fact without text or twice, or a clause
            whose number isn't the next one.
    """
    try:
        parts = _HEADING.split(read_text(path, LARGEST_LOG))
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    facts: dict[str, Fact] = {}
    section = ""
    for level, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        if len(level) < 3:
            section = title
        elif _NUMBER.fullmatch(title):
            if title in facts or not body.strip():
                raise UsageError(f"{path}: expected {title} once and with a text")
            try:
                clauses = tuple(_clauses(title, body.strip()))
            except ValueError as error:
                raise UsageError(f"{path}: {error}") from None
            facts[title] = Fact(number=title, section=section, clauses=clauses)
    return tuple(facts.values())


@functools.cache
def known_facts() -> Mapping[str, Fact]:
    """Return the facts of docs/behaviour.md by number.

    Raises:
        UsageError: The page isn't valid.
    """
    return {fact.number: fact for fact in read_facts(project.BEHAVIOUR)}


@functools.cache
def clause_numbers() -> frozenset[str]:
    """Return the number of every clause of docs/behaviour.md."""
    return frozenset(clause.number for fact in known_facts().values() for clause in fact.clauses)


def clause_text(number: str) -> str | None:
    """Return the text of a clause, or None if there is none of this number."""
    fact = known_facts().get(number.rstrip(string.ascii_lowercase))
    clauses = () if fact is None else fact.clauses
    return next((clause.text for clause in clauses if clause.number == number), None)


def fact_range() -> str:
    """Return the numbers that there are, in words: ``B1 to B80``."""
    return f"B1 to B{len(known_facts())}"


def expected_clause(number: str) -> str | None:
    """Return which clauses the fact of this number has; None if there is no such fact.

    The number may be that of a clause that the fact doesn't have.
    """
    fact = known_facts().get(number.rstrip(string.ascii_lowercase))
    if fact is None:
        return None
    first, last = fact.clauses[0].number, fact.clauses[-1].number
    return f"expected {first}" if first == last else f"expected one of {first} to {last}"


def _clauses(number: str, body: str) -> Iterator[Clause]:
    """Yield the clauses of a fact.

    Raises:
        ValueError: A number isn't the next one, or no text follows it.
    """
    if not body.startswith("- "):
        yield _clause(number, body)
        return
    items = _ITEM.split(body)[1:]
    for item, letter in zip(items, string.ascii_lowercase, strict=False):
        mark = f"**{number}{letter}** "
        if not item.startswith(mark):
            raise ValueError(f"expected - {mark}and a text, got - {item.split(' ')[0].strip()}")
        yield _clause(f"{number}{letter}", item.removeprefix(mark))


def _clause(number: str, markdown: str) -> Clause:
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n\s*\n", markdown.strip())]
    claim, _, reason = "\n\n".join(paragraphs).partition(_NO_EVIDENCE)
    return Clause(number=number, text=claim.strip(), unobserved=reason or None)
