"""What the mutants of each side are made and judged with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parity.known import KnownDifferences
from parity.loading import ScenarioFile
from parity.mutants.ordering import Deadliest
from parity.mutants.outcome import Bases, Mutant, MutantOutcome


@dataclass(frozen=True)
class Bench:
    """What a run has for judging: the project's root, a folder to work in, the catalogue.

    ``limit`` is in real seconds a scenario. ``deadliest`` has learnt from what is known
    already; the command tells it of each outcome that a side yields.
    """

    root: Path
    work: Path
    files: Sequence[ScenarioFile]
    known: KnownDifferences
    limit: float
    bases: Bases
    deadliest: Deadliest


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
