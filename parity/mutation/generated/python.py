"""The reference's mutants, made by mutmut and judged by the port's traces, interop and contracts.

Each is played in a fork of its own, by the scenarios that run its statement, and by interop and
the contracts if they run it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from parity.mutation.generated.outcome import Mutant, MutantOutcome, found_here, numbered
from parity.mutation.generated.python_source import all_changed
from parity.mutation.generated.side import Bench, ScenarioRanking
from parity.mutation.judges.changed_source import ChangedSource
from parity.mutation.judges.interop import INTEROP
from parity.mutation.judges.python_contracts import CONTRACTS
from parity.mutation.judges.python_forks import Forks, Reach, Shown
from parity.mutation.planted.planted import REFERENCE

_UNREACHED: Final = "no scenario runs this line, nor does interop or a contract"


@dataclass(frozen=True)
class PythonMutants:
    """The side ``python``."""

    at_once: int = 2

    def mutants(self, bench: Bench) -> Sequence[Mutant]:
        """Return the mutants that mutmut makes of the modules that the port has too.

        Raises:
            PortUnavailableError: Mutmut isn't installed.
        """
        return list(_made(bench.root))

    @contextmanager
    def judge(self, bench: Bench) -> Iterator[PythonJudge]:
        """Have a judge for the block, whose forks are those of one process with TensorFlow.

        Raises:
            UsageError: The catalogue is red without a mutant.
            PortUnavailableError: TensorFlow can't be imported, or mutmut isn't installed.
        """
        made = _made(bench.root)
        with closing(Forks(bench.root, bench.limit)) as forks:
            names = [*(file.name for file in bench.files), INTEROP, CONTRACTS]
            yield PythonJudge(bench, forks, Reach.of(names, forks.unmutated(names)), made)


@cache  # Making a thousand takes 20 s, and both the list and the judge need them.
def _made(root: Path) -> dict[Mutant, ChangedSource]:
    changes = list(all_changed(root / REFERENCE))
    mutants = numbered("python", ((each.file, each.line, each.change) for each in changes))
    return dict(zip(mutants, changes, strict=True))


@dataclass(frozen=True)
class PythonJudge:
    """The judge of the reference's mutants; of several threads if need be."""

    bench: Bench
    forks: Forks
    reach: Reach
    made: Mapping[Mutant, ChangedSource]

    def judged(self, mutant: Mutant, ranking: ScenarioRanking) -> MutantOutcome:
        """Judge a mutant in a fork of its own, by what runs its statement.

        Raises:
            PortUnavailableError: There is no such mutant here.
        """
        began = time.monotonic()
        change = found_here(self.made, mutant)
        reached = self.reach.scenarios(change)
        if not reached:
            return self.bench.bases.outcome(mutant, "survived", 0, reason=_UNREACHED)
        names = ranking.first(mutant.file, reached)
        shown = self.forks.play(change, names)
        return outcome_of(self.bench, mutant, names, shown, time.monotonic() - began)


def outcome_of(
    bench: Bench, mutant: Mutant, names: Sequence[str], shown: Shown, seconds: float
) -> MutantOutcome:
    """Return the outcome of playing a mutant by these scenarios, in this order."""
    unviable = shown.told[-1].unviable if shown.told else ""
    if unviable:
        return bench.bases.outcome(mutant, "unviable", seconds, reason=unviable)
    red = shown.red(names, bench.limit)
    if red is None:
        return bench.bases.outcome(mutant, "survived", seconds)
    return bench.bases.outcome(mutant, "timeout" if shown.hung else "caught", seconds, *red)
