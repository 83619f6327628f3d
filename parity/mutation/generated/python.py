"""The reference's mutants, made by mutmut and judged by the port's traces, interop and contracts.

Each is played in a fork of its own, by the scenarios that run its statement, and by interop and
the contracts if they run it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from parity.mutation.generated.outcome import Mutant, MutantOutcome, numbered
from parity.mutation.generated.python_source import all_changed
from parity.mutation.generated.side import Bench
from parity.mutation.judges.changed_source import ChangedSource
from parity.mutation.judges.interop import INTEROP
from parity.mutation.judges.python_contracts import CONTRACTS
from parity.mutation.judges.python_forks import Forks, Reach, Shown
from parity.mutation.planted.planted import REFERENCE

_AT_ONCE: Final = 2
_UNREACHED: Final = "no scenario runs this line, nor does interop or a contract"


@dataclass(frozen=True)
class PythonMutants:
    """The side ``python``."""

    def mutants(self, bench: Bench) -> Sequence[Mutant]:
        """Return the mutants that mutmut makes of the modules that the port has too.

        Raises:
            PortUnavailableError: Mutmut isn't installed.
        """
        return list(_made(bench.root))

    def outcomes(self, bench: Bench, mutants: Sequence[Mutant]) -> Iterator[MutantOutcome]:
        """Yield the outcomes of these, judged two at a time, each until a scenario is red.

        Raises:
            UsageError: The catalogue is red without a mutant.
            PortUnavailableError: TensorFlow can't be imported.
        """
        made = _made(bench.root)
        forks = Forks(bench.root, bench.limit)
        try:
            names = [*(file.name for file in bench.files), INTEROP, CONTRACTS]
            reach = Reach.of(names, forks.unmutated(names))
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                judged = [pool.submit(_judged, bench, forks, reach, m, made[m]) for m in mutants]
                try:
                    for each in as_completed(judged):
                        yield each.result()
                finally:
                    pool.shutdown(wait=True, cancel_futures=True)
        finally:
            forks.close()


@cache  # Making a thousand takes 20 s, and both the list and the judge need them.
def _made(root: Path) -> dict[Mutant, ChangedSource]:
    changes = list(all_changed(root / REFERENCE))
    mutants = numbered("python", ((each.file, each.line, each.change) for each in changes))
    return dict(zip(mutants, changes, strict=True))


def _judged(
    bench: Bench, forks: Forks, reach: Reach, mutant: Mutant, change: ChangedSource
) -> MutantOutcome:
    began = time.monotonic()
    reached = reach.scenarios(change)
    if not reached:
        return bench.bases.outcome(mutant, "survived", 0, reason=_UNREACHED)
    names = bench.ranking.first(mutant.file, reached)
    shown = forks.play(change, names)
    return outcome_of(bench, mutant, names, shown, time.monotonic() - began)


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
