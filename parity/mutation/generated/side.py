"""The interface of a mutated side, and the tools that judge its mutants."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parity.mutation.generated.outcome import Bases, Mutant, MutantOutcome, judge_of
from parity.spec.loading import ScenarioFile
from parity.verdict.known import KnownDifferences


class ScenarioRanking:
    """Learns what caught mutants of each file, and orders the scenarios by it."""

    def __init__(self, outcomes: Iterable[MutantOutcome] = ()) -> None:
        self._caught: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for outcome in outcomes:
            self.learn(outcome)

    def learn(self, outcome: MutantOutcome) -> None:
        """Remember what caught this one."""
        if outcome.by:
            self._caught[outcome.file][judge_of(outcome.by)] += 1

    def first(self, file: str, scenarios: Sequence[str]) -> list[str]:
        """All of these, the ranking for this file first, then the ranking for any."""
        here = self._caught[file]
        anywhere = sum(self._caught.values(), Counter[str]())
        return sorted(scenarios, key=lambda name: (-here[name], -anywhere[name]))


@dataclass(frozen=True)
class Bench:
    """The means of judging: the project's root, a work folder, the catalogue.

    ``limit`` is in real seconds a scenario. ``ranking`` has learnt from what is known
    already; the command tells it of each outcome that a side yields.
    """

    root: Path
    work: Path
    files: Sequence[ScenarioFile]
    known: KnownDifferences
    limit: float
    bases: Bases
    ranking: ScenarioRanking


class MutatedSide(Protocol):
    """One side's mutants."""

    def mutants(self, bench: Bench) -> Sequence[Mutant]:
        """All there are, in the order of the sources.

        Raises:
            PortUnavailableError: what makes them isn't installed.
        """

    def outcomes(self, bench: Bench, mutants: Sequence[Mutant]) -> Iterator[MutantOutcome]:
        """Judge these, each until the first scenario that is red.

        Raises:
            UsageError: the catalogue is red without a mutant.
        """
