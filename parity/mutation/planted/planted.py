"""Bugs of the kind that people make in such ports, as replacements in the sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar, get_args

from pydantic import Field, StringConstraints, field_validator, model_validator

from parity.base.model import Model
from parity.base.problems import UsageError, did_you_mean
from parity.base.terminal_text import shortened
from parity.spec.facts import clause_numbers, expected_clause, fact_range
from parity.spec.loading import load_yaml

JudgeWay = Literal["interop", "contracts"]
"""A way in which mutants are judged, too."""
Way = Literal["catalogue", JudgeWay, "fuzz", "explore"]
"""The scenarios of the catalogue, the cases of interop, the contracts, generated scenarios, or
all orders of a few scenarios."""


PLANTED: Final = Path(__file__).with_name("planted.yaml")
PORT: Final = "monolith-rs/crates/monolith-training/src"
REFERENCE: Final = "monolith_hooks"

Language = Literal["rust", "python"]
Item = TypeVar("Item")


class PlantedBug(Model):
    """One bug: in ``file`` the text ``find``, which occurs once, becomes ``replace``.

    ``file`` is relative to the sources of its side: the crate's ``src``, or
    ``monolith_hooks``. ``breaks`` is the clause of docs/behaviour.md that no longer
    holds. ``only_by`` is set for a bug that only one way can detect, so
    that others are expected to miss it.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    side: Language
    about: Annotated[str, Field(min_length=10)]
    breaks: str
    file: str
    find: Annotated[str, Field(min_length=1)]
    replace: str
    only_by: Way | None = None

    @field_validator("breaks")
    @classmethod
    def _is_a_clause(cls, value: str) -> str:
        if value in clause_numbers():
            return value
        expected = expected_clause(value) or f"expected a clause of {fact_range()}"
        raise ValueError(f"{expected}, got {shortened(value)}")

    @property
    def path(self) -> Path:
        """Path of the file, relative to the project."""
        return Path(PORT if self.side == "rust" else REFERENCE) / self.file

    def planted_in(self, text: str) -> str:
        """Return the file's text with the bug in it.

        Raises:
            UsageError: The text to replace doesn't occur exactly once.
        """
        count = text.count(self.find)
        if count != 1:
            raise UsageError(
                f"planted bug {self.name}: what it replaces occurs {count} times in {self.path}; "
                f"expected exactly once: {self.find!r}"
            )
        return text.replace(self.find, self.replace)


class PlantedBugs(Model):
    """The contents of planted.yaml."""

    bugs: Annotated[tuple[PlantedBug, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> PlantedBugs:
        for name, count in Counter(bug.name for bug in self.bugs).items():
            if count > 1:
                raise ValueError(f"{name} is planted {count} times; expected a name of its own")
        return self


def load_planted(path: Path = PLANTED) -> tuple[PlantedBug, ...]:
    """Read the list.

    Raises:
        ScenarioError: The list isn't valid.
    """
    return load_yaml(path, PlantedBugs, "docs/killmatrix.md")[0].bugs


def chosen_bugs(
    bugs: Sequence[PlantedBug], only: Sequence[str], shard: str | None
) -> tuple[PlantedBug, ...]:
    """Return the named bugs, or all, and of these every Nth from the Ith on for a shard ``I/N``.

    Raises:
        UsageError: There is no such bug, or the shard isn't valid.
    """
    names = [bug.name for bug in bugs]
    for name in only:
        if name not in names:
            raise UsageError(f"there is no planted bug {name}{did_you_mean(name, names)}")
    wanted = [bug for bug in bugs if not only or bug.name in only]
    return shard_of(wanted, shard)


def shard_of(items: Sequence[Item], shard: str | None) -> tuple[Item, ...]:
    """Return every Nth item from the Ith on for a shard ``I/N``, or all items without one.

    Raises:
        UsageError: The shard isn't valid.
    """
    if shard is None:
        return tuple(items)
    first, _, of = shard.partition("/")
    if not (first.isdecimal() and of.isdecimal() and 1 <= int(first) <= int(of)):
        raise UsageError(f"--shard {shard}: expected I/N, from 1/N to N/N")
    return tuple(items[int(first) - 1 :: int(of)])


def parse_ways(text: str) -> tuple[Way, ...]:
    """Parse a text such as ``fuzz,explore``, and return the ways in the order of the tables.

    Raises:
        UsageError: One of them isn't a way.
    """
    known: tuple[Way, ...] = get_args(Way)
    asked = text.split(",")
    for word in asked:
        if word not in known:
            raise UsageError(
                f"--by {text}: {word!r} is unknown{did_you_mean(word, known)}; "
                f"expected some of {','.join(known)}"
            )
    return tuple(way for way in known if way in asked)
