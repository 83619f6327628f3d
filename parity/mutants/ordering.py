"""Which scenario to play first: the one that is likeliest to catch a mutant of this file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from parity.mutants.outcome import MutantOutcome, judge_of


class Deadliest:
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
        """All of these, the deadliest for this file first, then the deadliest for any."""
        here = self._caught[file]
        anywhere = sum(self._caught.values(), Counter[str]())
        return sorted(scenarios, key=lambda name: (-here[name], -anywhere[name]))
