"""Differences that are known and accepted, each with its reason.

They are listed in scenarios/known_differences.yaml, one entry per scenario and
channel. A mistyped entry is refused when the list is read. An entry that is no
longer true is *stale* and fails the run. Both errors name the line to change.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from parity.base import project
from parity.base.model import Model
from parity.base.problems import Problem, ScenarioError, UsageError
from parity.base.terminal_text import quoted, shortened
from parity.spec.loading import ScenarioFile, find_scenarios, load_yaml, scenario_name
from parity.verdict.compare import COMPARED_CHANNELS, ComparedChannel, Difference

SHORTEST_REASON: Final = 10
"""Fewest characters of a reason."""

_WILDCARDS: Final = "*?"

EntryKey = tuple[str, ComparedChannel]
"""The scenario and channel of an entry."""


def _known_channel(value: object) -> object:
    if value not in COMPARED_CHANNELS:
        right = _nearest(str(value), COMPARED_CHANNELS) or f"one of {', '.join(COMPARED_CHANNELS)}"
        raise ValueError(f"there is no channel {shortened(str(value))}; expected {right}")
    return value


def _date(value: object) -> object:
    """Accept a date, or its text, which is how YAML has it."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    if not isinstance(value, date):
        raise ValueError(f"expected a date such as 2026-11-24, got {quoted(str(value))}")
    return value


class KnownDifference(Model):
    """One accepted difference, or with a pattern all of a channel that the scenarios show.

    ``scenario`` is a name, or a pattern of names with ``*`` or ``?``. ``difference`` is the id
    that the run prints; a pattern may go without. ``peer`` is the implementation that the entry
    is of, as hello names it; without one it is of any. ``link`` says where more is known.
    """

    scenario: str
    channel: Annotated[ComparedChannel, BeforeValidator(_known_channel)]
    reason: Annotated[str, Field(min_length=SHORTEST_REASON)]
    since: Annotated[date, BeforeValidator(_date)]
    difference: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")] | None = None
    peer: str | None = None
    link: str | None = None

    @model_validator(mode="after")
    def _accept_one_difference(self) -> KnownDifference:
        if self.difference is None and not self.is_pattern:
            raise PydanticCustomError(
                "no_id", "expected the difference's id, which a run prints; only a pattern has none"
            )
        return self

    @property
    def why(self) -> str:
        """The reason, with the link if there is one."""
        return self.reason if self.link is None else f"{self.reason} ({self.link})"

    @property
    def is_pattern(self) -> bool:
        """True if it is of more than one scenario."""
        return any(character in self.scenario for character in _WILDCARDS)

    def is_of(self, scenario: str, peer: str | None) -> bool:
        """Return True if it accepts differences of this scenario and implementation."""
        named = fnmatchcase(scenario, self.scenario) if self.is_pattern else None
        of_peer = self.peer is None or self.peer == peer
        return of_peer and (self.scenario == scenario if named is None else named)

    @property
    def key(self) -> EntryKey:
        """The scenario and channel of the entry."""
        return self.scenario, self.channel


class _Document(Model):
    differences: tuple[KnownDifference, ...] = ()


@dataclass(frozen=True)
class KnownEntry:
    """An accepted difference, its file, and the line of each of its keys, from 1."""

    known: KnownDifference
    file: Path
    lines: Mapping[str, int]

    @property
    def line(self) -> int:
        """The first line of the entry."""
        return min(self.lines.values())

    def at(self, key: str) -> str:
        """Return ``file:line`` of one of its keys, and the entry's scenario and channel."""
        return (
            f"{project.shown(self.file)}:{self.lines[key]}: "
            f"{self.known.scenario}, {self.known.channel}"
        )


@dataclass(frozen=True)
class KnownDifferences:
    """The list of known differences."""

    entries: tuple[KnownEntry, ...] = ()

    @classmethod
    def load(cls, path: Path) -> KnownDifferences:
        """Read the list, which is empty if there is no file.

        Raises:
            ScenarioError: The file isn't valid, or lists a scenario's channel twice.
        """
        if not os.path.lexists(path):
            return cls()
        read, document = load_yaml(path, _Document, "docs/known-differences.md")
        entries = tuple(
            KnownEntry(known, path, document.lines("differences", i))
            for i, known in enumerate(read.differences)
        )
        if problems := [*_listed_twice(entries)]:
            raise ScenarioError(problems)
        return cls(entries)

    def unknown(self, names: Collection[str]) -> tuple[KnownEntry, ...]:
        """Return the entries that are of none of these scenarios."""
        return tuple(
            entry
            for entry in self.entries
            if not any(entry.known.is_of(name, entry.known.peer) for name in names)
        )

    def check_names(self, names: Collection[str]) -> None:
        """Refuse entries of scenarios that don't exist.

        Raises:
            ScenarioError: There are such entries; it has the place of each and the closest name.
        """
        problems = []
        for entry in self.unknown(names):
            name = entry.known.scenario
            nearest = _nearest(name, sorted(names))
            message = (
                f"there is no scenario {name}; expected {nearest or 'the name of one'}, or "
                "no entry: monolith-parity baseline --prune removes it"
            )
            problems.append(Problem(entry.file, entry.lines["scenario"], 1, "scenario", message))
        if problems:
            raise ScenarioError(problems)

    def of(self, scenario: str) -> dict[ComparedChannel, KnownEntry]:
        """Return the entries that name one scenario, by channel."""
        return {
            entry.known.channel: entry for entry in self.entries if entry.known.scenario == scenario
        }

    def unused(
        self,
        peer: str | None,
        found: Mapping[str, Collection[Difference]],
        not_run: Collection[str] = (),
    ) -> list[str]:
        """Return for each pattern of this peer that accepted nothing the line to remove.

        ``found`` has the differences of each scenario that both sides played. A pattern of which
        no scenario was played, or one is ``not_run``, may still be true.
        """
        return [
            f"{entry.at('scenario')}: the sides agree in all {len(of)} scenarios; remove the entry"
            for entry in self.entries
            if entry.known.is_pattern
            and (of := [name for name in found if entry.known.is_of(name, peer)])
            and not any(entry.known.is_of(name, peer) for name in not_run)
            and not any(self.accepting(name, peer, found[name]) for name in of)
        ]

    def accepting(
        self, scenario: str, peer: str | None, found: Iterable[Difference]
    ) -> dict[ComparedChannel, KnownEntry]:
        """Return the entries of a scenario by name, and the patterns that accept what was found.

        ``peer`` is the implementation of the peer, if it is known.
        """
        ids = {each.channel: difference_id(each) for each in found}
        entries = [entry for entry in self.entries if entry.known.is_of(scenario, peer)]
        patterns = {
            entry.known.channel: entry
            for entry in entries
            if entry.known.is_pattern
            and entry.known.channel in ids
            and entry.known.difference in (None, ids[entry.known.channel])
        }
        named = {entry.known.channel: entry for entry in entries if not entry.known.is_pattern}
        return patterns | named


def catalogue() -> frozenset[str]:
    """Return the names of all scenarios of this project."""
    return frozenset(
        scenario_name(path, project.SCENARIOS) for path in find_scenarios([], project.SCENARIOS)
    )


def difference_id(difference: Difference) -> str:
    """Return twelve hex digits that identify the difference."""
    return hashlib.sha256(difference.identity().encode()).hexdigest()[:12]


def stale_entries(
    known: Mapping[ComparedChannel, KnownEntry], found: tuple[Difference, ...]
) -> Iterator[str]:
    """Yield for each stale entry the line to change."""
    by_channel = {difference.channel: difference for difference in found}
    for channel, entry in known.items():
        if entry.known.is_pattern:
            continue  # It has accepted something here.
        if channel not in by_channel:
            yield f"{entry.at('scenario')}: the sides agree now; remove the entry"
        elif (now := difference_id(by_channel[channel])) != entry.known.difference:
            yield (
                f"{entry.at('difference')}: the difference is another one now; "
                f"look at it, then change {entry.known.difference} to {now}"
            )


def _listed_twice(entries: tuple[KnownEntry, ...]) -> Iterator[Problem]:
    first: dict[EntryKey, KnownEntry] = {}
    for i, entry in enumerate(entries):
        earlier = first.setdefault(entry.known.key, entry)
        if earlier is not entry:
            message = (
                f"{entry.known.scenario}, {entry.known.channel} is listed in line "
                f"{earlier.line} already; expected one entry"
            )
            yield Problem(entry.file, entry.line, 1, f"differences[{i}]", message)


def _nearest(word: str, words: Collection[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, words, n=1)), None)


def check_known(files: Sequence[ScenarioFile], path: Path | None = None) -> KnownDifferences:
    """Return the known differences, which may name these scenarios and all of the catalogue.

    They are those of the file at ``path``, or of the catalogue's own.

    Raises:
        ScenarioError: The list isn't valid.
        UsageError: There is no file at ``path``.
    """
    if path is not None and not os.path.lexists(path):
        raise UsageError(f"{path}: no such file; expected a list of known differences")
    known = KnownDifferences.load(path or project.KNOWN_DIFFERENCES)
    known.check_names(catalogue() | {file.name for file in files})
    return known
