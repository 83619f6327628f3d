"""The facts of docs/behaviour.md: what the original does, numbered B1 to B80.

The page is the only source of their texts. A fact is a heading ``### B12`` and the
paragraphs below it; the last of them may be a reason why nothing here can observe it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from parity.base.bounds import LARGEST_LOG
from parity.base.files import read_text
from parity.base.model import Model
from parity.base.problems import UsageError
from parity.spec.scenario import BEHAVIOURS

_HEADING: Final = re.compile(r"^(#{1,3}) +(.+)$", re.MULTILINE)
_NUMBER: Final = re.compile(r"B[1-9][0-9]*")
_NO_EVIDENCE: Final = "*No evidence:* "


class Fact(Model):
    """One numbered fact, in Markdown."""

    number: str
    """Its number: ``B12``."""
    section: str
    """The heading that it stands under."""
    text: Annotated[str, Field(min_length=1)]
    """Its paragraphs, each on one line, with an empty line between two."""
    unobserved: str | None = None
    """Why nothing here can observe it; None for a fact that has evidence."""


def read_facts(path: Path) -> tuple[Fact, ...]:
    """Read the facts of a page, in its order.

    Raises:
        UsageError: The page can't be read, or has a fact without text or twice.
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
            facts[title] = _fact(title, section, body)
    return tuple(facts.values())


def unknown_fact(number: str) -> str | None:
    """Return the message for a number that no fact has, or None for one that a fact has."""
    if _NUMBER.fullmatch(number) and int(number[1:6]) <= BEHAVIOURS:
        return None
    return f"expected B1 to B{BEHAVIOURS}"


def _fact(number: str, section: str, body: str) -> Fact:
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n\s*\n", body.strip())]
    unobserved = None
    if paragraphs[-1].startswith(_NO_EVIDENCE):
        unobserved = paragraphs.pop().removeprefix(_NO_EVIDENCE)
    text = "\n\n".join(paragraphs)
    return Fact(number=number, section=section, text=text, unobserved=unobserved)
