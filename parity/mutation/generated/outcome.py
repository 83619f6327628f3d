"""Results by mutant, in a file of JSON lines that a later run continues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import TypeAdapter

from parity.base.json_lines import read_records
from parity.base.model import Model
from parity.base.problems import PortUnavailableError
from parity.mutation.planted.planted import Language
from parity.mutation.planted.scratch import digest_of, judge_texts, sources_digest
from parity.spec.loading import ScenarioFile

Fate = Literal["caught", "survived", "unviable", "timeout"]
Key = tuple[Language, str, str, int]
Change = TypeVar("Change")


class Mutant(Model):
    """One change to one file.

    ``file`` is relative to the sources of its side, as for planted bugs. ``mutant`` says
    what was changed, without a line, so that it stays the same when lines move; ``nth``,
    from 1, tells apart what is changed alike in one file.
    """

    side: Language
    file: str
    line: int
    mutant: str
    nth: int = 1

    @property
    def key(self) -> Key:
        """Identity of the mutant."""
        return self.side, self.file, self.mutant, self.nth

    def __str__(self) -> str:
        again = f" (no. {self.nth})" if self.nth > 1 else ""
        return f"{self.file}:{self.line}: {self.mutant}{again}"


class MutantOutcome(Mutant):
    """A mutant and the result of judging it.

    ``basis`` is the digest of everything that this depends on. ``by`` is the first scenario that
    was red, or ``interop: `` and the case, or ``contracts: `` and the test; ``reason`` is its
    message, or why the mutant can't be built. A mutant that hangs (``timeout``) makes a run red,
    so it counts as caught.
    """

    basis: str
    outcome: Fate
    by: str = ""
    reason: str = ""
    seconds: float = 0.0

    @property
    def viable(self) -> bool:
        """True if it could be built and played."""
        return self.outcome != "unviable"

    @property
    def caught(self) -> bool:
        """True if a run with it is red."""
        return self.outcome in ("caught", "timeout")


def judge_of(by: str) -> str:
    """Return what caught a mutant: the name of a scenario, ``interop`` or ``contracts``."""
    return by.partition(": ")[0]


def numbered(side: Language, changes: Iterable[tuple[str, int, str]]) -> list[Mutant]:
    """Return the mutants of ``(file, line, mutant)`` in order, numbering equal ones in a file."""
    seen: Counter[tuple[str, str]] = Counter()
    mutants = []
    for file, line, mutant in changes:
        seen[file, mutant] += 1
        nth = seen[file, mutant]
        mutants.append(Mutant(side=side, file=file, line=line, mutant=mutant, nth=nth))
    return mutants


def found_here(made: Mapping[Mutant, Change], mutant: Mutant) -> Change:
    """Return the change that makes this mutant.

    Raises:
        PortUnavailableError: The tool makes no such mutant here: it is of another version.
    """
    if mutant not in made:
        raise PortUnavailableError(
            f"{mutant}: there is no such mutant here; expected the tool that makes them at the "
            "same version everywhere"
        )
    return made[mutant]


@dataclass(frozen=True)
class Bases:
    """Digests of what outcomes depend on: the mutant, both sides' sources, scenarios, interop.

    Interop and the contracts count as scenarios. The outcome of a caught mutant depends only on
    the scenario that caught it, that of a survivor on all scenarios: after a scenario is added,
    only survivors are played again.
    """

    sources: str
    scenarios: dict[str, str]

    @classmethod
    def of(cls, root: Path, files: Sequence[ScenarioFile]) -> Bases:
        """Return the digests of the current sources and scenarios."""
        judges = {name: digest_of(texts) for name, texts in judge_texts(root).items()}
        return cls(sources_digest(root), {file.name: file.text for file in files} | judges)

    def basis(self, mutant: Mutant, outcome: Fate, by: str = "") -> str:
        """Return the digest for this outcome of a mutant."""
        texts = {
            "survived": list(self.scenarios.values()),
            "unviable": [],
        }.get(outcome, [self.scenarios.get(judge_of(by), "")])
        return digest_of([*map(str, mutant.key), self.sources, *texts])

    def outcome(
        self, mutant: Mutant, outcome: Fate, seconds: float, by: str = "", reason: str = ""
    ) -> MutantOutcome:
        """Return the outcome of a mutant, with its basis."""
        return MutantOutcome(
            side=mutant.side,
            file=mutant.file,
            line=mutant.line,
            mutant=mutant.mutant,
            nth=mutant.nth,
            basis=self.basis(mutant, outcome, by),
            outcome=outcome,
            by=by,
            reason=reason,
            seconds=round(seconds, 1),
        )

    def holds(self, outcome: MutantOutcome) -> bool:
        """Return whether everything that the outcome depends on is unchanged."""
        return outcome.basis == self.basis(outcome, outcome.outcome, outcome.by)


def read_outcomes(path: Path) -> Iterator[MutantOutcome]:
    """Yield the results of earlier runs, if there were any.

    Raises:
        UsageError: The file isn't one of results.
    """
    return read_records(path, TypeAdapter(MutantOutcome), "result of mutants")
