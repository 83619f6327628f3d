"""The reference's mutants: mutmut makes them; the port's traces, interop and contracts judge them.

Each is played in a fork of its own, by the scenarios that run the statement it is in, and
by interop and the contracts if their cases do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from parity.base.problems import UsageError
from parity.mutation.generated.outcome import Mutant, MutantOutcome, numbered
from parity.mutation.generated.python_forks import Forks, Shown
from parity.mutation.generated.python_source import ChangedSource, all_changed
from parity.mutation.generated.side import Bench
from parity.mutation.judges.interop import INTEROP
from parity.mutation.judges.python_contracts import CONTRACTS
from parity.mutation.planted.planted import REFERENCE

_AT_ONCE: Final = 2
_UNREACHED: Final = "no scenario runs this line, nor does interop or a contract"


@dataclass(frozen=True)
class PythonMutants:
    """The side ``python``."""

    def mutants(self, bench: Bench) -> Sequence[Mutant]:
        """All that mutmut makes of the modules that the port has too.

        Raises:
            PortUnavailableError: mutmut isn't installed.
        """
        return list(_made(bench.root))

    def outcomes(self, bench: Bench, mutants: Sequence[Mutant]) -> Iterator[MutantOutcome]:
        """Judge these, two at a time, each until the first scenario that is red.

        Raises:
            UsageError: the catalogue is red without a mutant.
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


@dataclass(frozen=True)
class Reach:
    """The lines of each file that each scenario, interop or contract runs; the fastest first."""

    ran: dict[str, dict[str, tuple[int, ...]]]

    @classmethod
    def of(cls, names: Sequence[str], shown: Shown) -> Reach:
        """Of a play without a mutant.

        Raises:
            UsageError: it was red, or ended early.
        """
        bad = [told.seen for told in shown.told if told.seen is not None and told.seen.bad]
        if bad or len(shown.told) != len(names):
            end = "it said nothing for too long" if shown.hung else shown.log
            at = f"{bad[0].scenario}: {bad[0].reason}" if bad else f"its end: {end}"
            raise UsageError(
                f"python: the catalogue is red without a mutant, at {at}; expected a green one"
            )
        fastest = sorted(shown.told, key=lambda told: told.seconds)
        return cls({told.seen.scenario: told.ran for told in fastest if told.seen})

    def scenarios(self, change: ChangedSource) -> list[str]:
        """Return the scenarios that can show a change: all, if the changed line runs at import."""
        if not change.statement:
            return list(self.ran)
        needed = set(change.statement)
        return [
            name
            for name, ran in self.ran.items()
            if not needed.isdisjoint(ran.get(change.file, ()))
        ]


@cache  # To make a thousand takes 20 s, and both the list and the judge need them.
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
    last = shown.told[-1] if shown.told else None
    if last is not None and last.unviable:
        return bench.bases.outcome(mutant, "unviable", seconds, reason=last.unviable)
    if last is not None and last.seen is not None and last.seen.bad:
        seen = last.seen
        return bench.bases.outcome(
            mutant, "caught", seconds, seen.scenario, seen.reason or seen.verdict
        )
    if len(shown.told) == len(names):
        return bench.bases.outcome(mutant, "survived", seconds)
    at = names[len(shown.told)]
    if shown.hung:
        reason = f"it took over {bench.limit:g} s"
        return bench.bases.outcome(mutant, "timeout", seconds, at, reason)
    reason = f"its process ended with {shown.status}: {shown.log}"
    return bench.bases.outcome(mutant, "caught", seconds, at, reason)
