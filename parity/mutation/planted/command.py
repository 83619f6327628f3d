"""``monolith-parity killmatrix``: plants each bug, and looks for it in each way."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import hypothesis
from rich.console import Console

from parity.base import project
from parity.base.files import must_be_replaceable, write_whole
from parity.base.folder_lock import held
from parity.base.json_lines import write_records
from parity.base.problems import PortUnavailableError, UsageError
from parity.base.terminal_text import counted
from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.planted.explored import explored_files
from parity.mutation.planted.forked_reference import ForkedReference
from parity.mutation.planted.fuzzed import Hunt
from parity.mutation.planted.matrix import (
    AnyResult,
    Key,
    explored_of,
    fuzzed_of,
    judged_of,
    key_of,
    kill_of,
    kill_table,
    markdown,
    read_results,
)
from parity.mutation.planted.planted import (
    JudgeWay,
    Language,
    PlantedBug,
    Way,
    chosen_bugs,
    load_planted,
)
from parity.mutation.planted.scratch import Scratch, basis, judge_texts, python_texts
from parity.mutation.planted.sides import (
    BuggyPort,
    BuggyReference,
    BuggySide,
    Fuzzing,
    Red,
    UnmutatedSides,
)
from parity.spec.loading import ScenarioFile, load_all
from parity.verdict.known import check_known

_FUZZING = Fuzzing(seed=2026, count=3000)
_GENERATOR = "parity/search/fuzz"
_SIDES: tuple[Language, ...] = ("rust", "python")
_JUDGES: tuple[JudgeWay, ...] = ("interop", "contracts")


@dataclass(frozen=True)
class KillOptions:
    """Options of ``monolith-parity killmatrix``; ``limit`` in seconds a scenario."""

    only: Sequence[str]
    shard: str | None
    ways: Sequence[Way]
    out: Path
    limit: float
    markdown: Path | None = None
    fuzzing: Fuzzing = _FUZZING
    until_caught: bool = False

    @property
    def work(self) -> Path:
        """Work folder that belongs to the results."""
        return self.out.resolve().with_suffix(".work")


def killmatrix(options: KillOptions, console: Console) -> int:
    """Plant the bugs, look for them and print the results; return 1 if a bug survives all ways.

    Raises:
        UsageError: Something that was given is wrong, a planted bug doesn't fit the
            sources, or a check fails without one.
        PortUnavailableError: The port can't be built here.
        OutputError: The results can't be written, or another run is writing them.
    """
    root = project.SOURCES
    if root is None:
        raise PortUnavailableError("an installed package doesn't have the sources to plant bugs in")
    bugs = chosen_bugs(load_planted(), options.only, options.shard)
    for path in filter(None, (options.out, options.markdown)):
        must_be_replaceable(path)  # Checked now, as it is first written after minutes.
    for bug in bugs:
        bug.planted_in((root / bug.path).read_text(encoding="utf-8"))
    with held(options.work, "--out"):
        return _KillMatrix(options, root, bugs, load_all([]), console).run()


@dataclass(frozen=True)
class _KillMatrix:
    options: KillOptions
    root: Path
    bugs: Sequence[PlantedBug]
    files: Sequence[ScenarioFile]
    console: Console

    def run(self) -> int:
        known = {key_of(result): result for result in read_results(self.options.out)}
        for side in _SIDES:
            bugs = [bug for bug in self.bugs if bug.side == side]
            to_do = {bug.name: self._to_do(bug, known) for bug in bugs}
            for result in self._results(side, bugs, to_do):
                known[key_of(result)] = result
                write_records(self.options.out, known.values())
                self._say(result)
        return self._tell(known)

    def _to_do(self, bug: PlantedBug, known: dict[Key, AnyResult]) -> list[Way]:
        """Return the ways without a result that still holds.

        With ``until_caught``, stop at the first way that is known to have caught the bug.
        """
        to_do: list[Way] = []
        for way in self.options.ways:
            result = known.get((bug.name, way))
            if result is None or result.basis != self._basis(bug, way):
                to_do.append(way)
            elif self.options.until_caught and not result.survived:
                break
        return to_do

    def _results(
        self, side: Language, bugs: Sequence[PlantedBug], to_do: dict[str, list[Way]]
    ) -> Iterator[AnyResult]:
        if not any(to_do.values()):
            return
        scratch = Scratch(self.root, self.options.work / side, side)
        scratch.refresh()
        with self._buggy_side(scratch, side) as buggy:
            ways = {way for ways in to_do.values() for way in ways}
            self._check_that_it_is_green(side, buggy, ways)
            for bug in bugs:
                with scratch.planted(bug):
                    yield from self._looks(bug, to_do[bug.name], buggy)

    def _looks(self, bug: PlantedBug, ways: Sequence[Way], buggy: BuggySide) -> Iterator[AnyResult]:
        for way in ways:
            try:
                result = self._look(bug, way, buggy)
            except PortUnavailableError as error:
                raise UsageError(f"planted bug {bug.name}: {error}") from None
            yield result
            if self.options.until_caught and not result.survived:
                return

    @contextmanager
    def _buggy_side(self, scratch: Scratch, side: Language) -> Iterator[BuggySide]:
        limit = self.options.limit
        if side == "rust":
            yield BuggyPort(scratch, self._sound, self.files, check_known(self.files), limit)
            return
        whole = BuggyReference(scratch, self._sound, self.root, self.files, limit)
        if not self.options.until_caught:
            yield whole
            return
        with closing(ForkedReference(scratch, whole, self.root, self.files, limit)) as forked:
            yield forked

    @cached_property
    def _sound(self) -> UnmutatedSides:
        return UnmutatedSides(self.root, self.options.limit)

    def _look(self, bug: PlantedBug, way: Way, buggy: BuggySide) -> AnyResult:
        began = time.monotonic()
        basis_of_it = self._basis(bug, way)
        if way == "catalogue":
            seen = list(self._as_far_as_wanted(buggy.catalogue()))
            return kill_of(bug, basis_of_it, seen, time.monotonic() - began)
        if way == "explore":
            beyond = buggy.explore()
            return explored_of(bug, basis_of_it, beyond, time.monotonic() - began)
        if way in _JUDGES:
            red = _red(buggy, way)
            return judged_of(bug, basis_of_it, way, red, time.monotonic() - began)
        hunt = buggy.fuzz(self.options.fuzzing)
        self._keep(bug, hunt)
        seed = self.options.fuzzing.seed
        return fuzzed_of(bug, basis_of_it, seed, hunt, time.monotonic() - began)

    def _as_far_as_wanted(self, seen: Iterator[ScenarioResult]) -> Iterator[ScenarioResult]:
        """Yield all results, or with ``until_caught`` those up to the first that is bad."""
        for each in seen:
            yield each
            if self.options.until_caught and each.bad:
                return

    def _keep(self, bug: PlantedBug, hunt: Hunt) -> None:
        """Write the smallest scenario, and refuse one in which the sound sides differ."""
        if hunt.finding is None:
            return
        path = self.options.work / "found" / f"{bug.name}.yaml"
        write_whole(path, hunt.finding.text)
        if not self._sound.agree_on(hunt.finding, path):
            raise UsageError(
                f"planted bug {bug.name}: both sides without it differ as well in {path}; "
                "expected them to agree"
            )

    def _basis(self, bug: PlantedBug, way: Way) -> str:
        """Return the digest of everything that this result depends on."""
        if way == "fuzz":
            return basis(self.root, bug, [*self._generator, str(self.options.fuzzing)])
        if way in _JUDGES:
            return basis(self.root, bug, self._judges[way])
        files = self.files if way == "catalogue" else explored_files()
        # A result that ended at the first red scenario says nothing of the others.
        cut = ["until caught"] if way == "catalogue" and self.options.until_caught else []
        return basis(self.root, bug, [*(file.text for file in files), *cut])

    @cached_property
    def _judges(self) -> dict[str, list[str]]:
        return judge_texts(self.root)

    @cached_property
    def _generator(self) -> list[str]:
        return [hypothesis.__version__, *python_texts(project.ROOT, _GENERATOR)]

    def _check_that_it_is_green(
        self, side: Language, buggy: BuggySide, ways: Collection[Way]
    ) -> None:
        """Refuse to start if a check already fails without a planted bug."""
        if "catalogue" in ways:
            self._check_the_catalogue(side, buggy)
        for way in _JUDGES:
            if way in ways and (red := _red(buggy, way)) is not None:
                raise UsageError(
                    f"{side}: red without a planted bug: {red[0]}: {red[1]}; expected it green"
                )

    def _check_the_catalogue(self, side: Language, buggy: BuggySide) -> None:
        seen = list(buggy.catalogue())
        bad = [each for each in seen if each.bad]
        if bad or len(seen) != len(self.files):
            first = bad[0] if bad else seen[-1]
            raise UsageError(
                f"{side}: the catalogue is red without a planted bug, at {first.scenario}: "
                f"{first.reason or first.verdict}; expected a green one"
            )
        self._print(f"{side}: {counted(len(seen), 'scenario')} green without a planted bug")

    def _say(self, result: AnyResult) -> None:
        by = "SURVIVED, " if result.survived else ""
        self._print(f"{result.bug}, {result.way}: {by}{result.gist}, {result.seconds:.1f} s")

    def _tell(self, known: dict[Key, AnyResult]) -> int:
        ways = self.options.ways
        self.console.print(kill_table(self.bugs, ways, known))
        if self.options.markdown is not None:
            text = markdown(self.bugs, ways, known)
            write_whole(self.options.markdown, text)
        for way in ways:
            tried = [bug.name for bug in self.bugs if (bug.name, way) in known]
            names = [name for name in tried if known[name, way].survived]
            self._print(f"{way}: {len(tried) - len(names)} of {len(tried)} are caught")
            for name in names:
                self._print(f"    not by {way}: {name}")
        missed = [
            bug
            for bug in self.bugs
            if all((bug.name, way) in known and known[bug.name, way].survived for way in ways)
        ]
        hidden = [bug for bug in missed if bug.only_by and bug.only_by not in ways]
        survivors = [bug for bug in missed if bug not in hidden]
        self._print(f"{len(self.bugs) - len(missed)} of {len(self.bugs)} planted bugs are caught")
        for bug in hidden:
            self._print(f"to be seen by {bug.only_by} alone: {bug.name}")
        for bug in survivors:
            self._print(f"survived: {bug.name}")
        clauses = list(dict.fromkeys(bug.breaks for bug in survivors))
        self._print(f"clauses with survivors: {', '.join(clauses) or 'none'}")
        return 1 if survivors else 0

    def _print(self, text: str) -> None:
        self.console.print(text, soft_wrap=True, markup=False)


def _red(buggy: BuggySide, way: JudgeWay) -> Red | None:
    return buggy.interop() if way == "interop" else buggy.contracts()
