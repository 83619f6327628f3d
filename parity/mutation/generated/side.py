"""The interface of a mutated side, and the tools that judge its mutants."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parity.mutation.generated.outcome import Bases, Mutant, MutantOutcome, judge_of
from parity.spec.loading import ScenarioFile, load_all
from parity.verdict.known import KnownDifferences, check_known


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

    def copy(self) -> ScenarioRanking:
        """Return a ranking of the same mutants that learns nothing more by itself."""
        copied = ScenarioRanking()
        for file, caught in self._caught.items():
            copied._caught[file] = caught.copy()
        return copied

    def first(self, file: str, scenarios: Sequence[str]) -> list[str]:
        """Return these scenarios, those ranked for this file first, then those ranked for any."""
        here = self._caught[file]
        anywhere = sum(self._caught.values(), Counter[str]())
        return sorted(scenarios, key=lambda name: (-here[name], -anywhere[name]))


@dataclass(frozen=True)
class Bench:
    """The means of judging: the project's root, a work folder, the catalogue.

    ``limit`` is in real seconds a scenario.
    """

    root: Path
    work: Path
    files: Sequence[ScenarioFile]
    known: KnownDifferences
    limit: float
    bases: Bases

    @classmethod
    def of(cls, root: Path, work: Path, limit: float) -> Bench:
        """Return the means of the catalogue as it is now."""
        files = load_all([])
        return cls(root, work, files, check_known(files), limit, Bases.of(root, files))


class MutantJudge(Protocol):
    """A judge of one side's mutants, open for all of them."""

    def judged(self, mutant: Mutant, ranking: ScenarioRanking) -> MutantOutcome:
        """Judge a mutant until the first scenario that is red; ``ranking`` says which come first.

        Raises:
            PortUnavailableError: There is no such mutant here.
        """


class MutatedSide(Protocol):
    """One side's mutants."""

    @property
    def at_once(self) -> int:
        """The number of mutants that one judge may have at a time, from several threads."""

    def mutants(self, bench: Bench) -> Sequence[Mutant]:
        """Return all mutants, in the order of the sources.

        Raises:
            PortUnavailableError: The tool that makes them isn't installed.
        """

    def judge(self, bench: Bench) -> AbstractContextManager[MutantJudge]:
        """Have a judge for the block.

        Raises:
            UsageError: The catalogue is red without a mutant.
            PortUnavailableError: The side can't be played here.
        """
