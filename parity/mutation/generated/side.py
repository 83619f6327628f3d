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
    """Ranking of scenarios by the mutants of each file that they caught."""

    def __init__(self, outcomes: Iterable[MutantOutcome] = ()) -> None:
        self._caught: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for outcome in outcomes:
            self.learn(outcome)

    def learn(self, outcome: MutantOutcome) -> None:
        """Remember what caught this mutant."""
        if outcome.by:
            self._caught[outcome.file][judge_of(outcome.by)] += 1

    def first(self, file: str, scenarios: Sequence[str]) -> list[str]:
        """Return these scenarios, those ranked for this file first, then those ranked for any."""
        here = self._caught[file]
        anywhere = sum(self._caught.values(), Counter[str]())
        return sorted(scenarios, key=lambda name: (-here[name], -anywhere[name]))


@dataclass(frozen=True)
class Bench:
    """The means of judging: the project's root, a work folder, the catalogue.

    ``limit`` is in real seconds a scenario. ``ranking`` has learnt from earlier results, and
    the command has it learn from each outcome that a side yields.
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
        """Return all mutants, in the order of the sources.

        Raises:
            PortUnavailableError: The tool that makes them isn't installed.
        """

    def outcomes(self, bench: Bench, mutants: Sequence[Mutant]) -> Iterator[MutantOutcome]:
        """Yield the outcomes of these, each judged until the first scenario that is red.

        Raises:
            UsageError: The catalogue is red without a mutant.
        """
