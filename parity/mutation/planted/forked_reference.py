"""The reference with a bug, in forks that play only what runs the changed lines.

A process for each bug that loads TensorFlow and plays the whole catalogue takes a minute. A fork
takes seconds, except for the first, which plays without a bug to see which lines each runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.judges.changed_source import PACKAGE, ChangedSource
from parity.mutation.judges.interop import INTEROP
from parity.mutation.judges.python_contracts import CONTRACTS
from parity.mutation.judges.python_forks import Forks, Reach
from parity.mutation.planted.explored import UnexpectedOutcomes
from parity.mutation.planted.fuzzed import Hunt
from parity.mutation.planted.scratch import Scratch, source_files
from parity.mutation.planted.sides import BuggyReference, Fuzzing, Red
from parity.spec.loading import ScenarioFile

_JUDGES: Final = (INTEROP, CONTRACTS)


class ForkedReference:
    """A ``BuggySide`` whose catalogue, interop and contracts each end at the first failure.

    Args:
        scratch: The copy that has the bug.
        whole: The side that looks at the copy in every other way.
        root: The project, without the bug.
        files: The catalogue.
        limit: Real seconds that a scenario, a case of interop or a contract may take.

    Raises:
        PortUnavailableError: TensorFlow can't be imported.
    """

    def __init__(
        self,
        scratch: Scratch,
        whole: BuggyReference,
        root: Path,
        files: Sequence[ScenarioFile],
        limit: float,
    ) -> None:
        self._scratch = scratch
        self._whole = whole
        self._root = root
        self._scenarios = [file.name for file in files]
        self._limit = limit
        self._forks = Forks(root, limit)

    def close(self) -> None:
        """End the forking process and its forks."""
        self._forks.close()

    def catalogue(self) -> Iterator[ScenarioResult]:
        """Play the scenarios that run the changed lines or, without a bug, all of them.

        Raises:
            UsageError: They are red without a bug.
        """
        reach, change = self._reach, self._change()
        if change is None:
            agree = (name for name in reach.ran if name not in _JUDGES)
            yield from (ScenarioResult(scenario=name, verdict="agree") for name in agree)
            return
        names = [name for name in reach.scenarios(change) if name not in _JUDGES]
        shown = self._forks.play(change, names)
        seen = [told.seen for told in shown.told if told.seen is not None]
        yield from seen
        red = shown.red(names, self._limit)
        if red is not None and not (seen and seen[-1].bad):
            yield ScenarioResult(scenario=red[0], verdict="failed", reason=red[1])

    def interop(self) -> Red | None:
        """Play the interop cases with the mutant as both client and server."""
        return self._red(INTEROP)

    def contracts(self) -> Red | None:
        """Run the contracts."""
        return self._red(CONTRACTS)

    def fuzz(self, fuzzing: Fuzzing) -> Hunt:
        """Play generated scenarios against the port."""
        return self._whole.fuzz(fuzzing)

    def explore(self) -> UnexpectedOutcomes:
        """Play every order of a few scenarios."""
        return self._whole.explore()

    def _red(self, judge: str) -> Red | None:
        reach, change = self._reach, self._change()
        if change is None or judge not in reach.scenarios(change):
            return None
        return self._forks.play(change, [judge]).red([judge], self._limit)

    @cached_property
    def _reach(self) -> Reach:
        names = [*self._scenarios, *_JUDGES]
        return Reach.of(names, self._forks.unmutated(names))

    def _change(self) -> ChangedSource | None:
        """Return the bug that the copy has now, or None."""
        for path in source_files(self._root, "python"):
            sound = (self._root / path).read_text(encoding="utf-8")
            now = (self._scratch.folder / path).read_text(encoding="utf-8")
            if now != sound:
                file = path.relative_to(PACKAGE).as_posix()
                return ChangedSource.of(file, sound, now, "planted")
        return None
