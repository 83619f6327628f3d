"""``monolith-parity killmatrix``: plants each bug, and looks for it in each way."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import hypothesis
from rich.console import Console

from parity.base import project
from parity.base.executors.choose import executor
from parity.base.executors.tasks import as_they_end
from parity.base.files import must_be_replaceable, write_whole
from parity.base.folder_lock import held
from parity.base.json_lines import write_records
from parity.mutation.planted.bug_judge import (
    JUDGE_WAYS,
    BugJudge,
    BugJudgeSetup,
    JudgeOptions,
    Looked,
    judge_there,
)
from parity.mutation.planted.checkout import mutable_sources
from parity.mutation.planted.explored import explored_files
from parity.mutation.planted.matrix import (
    AnyResult,
    Key,
    key_of,
    kill_table,
    markdown,
    read_results,
)
from parity.mutation.planted.planted import PlantedBug, Way, chosen_bugs, load_planted
from parity.mutation.planted.scratch import basis, judge_texts, python_texts, sources_digest
from parity.mutation.planted.sides import Fuzzing
from parity.spec.loading import ScenarioFile, load_all

_FUZZING = Fuzzing(seed=2026, count=3000)
_GENERATOR = "parity/search/fuzz"


@dataclass(frozen=True)
class KillOptions:
    """Options of ``monolith-parity killmatrix``; ``limit`` in seconds a scenario.

    ``on`` is the scheduler whose workers judge, as for ``executor``; None is this process.
    """

    only: Sequence[str]
    shard: str | None
    ways: Sequence[Way]
    out: Path
    limit: float
    markdown: Path | None = None
    fuzzing: Fuzzing = _FUZZING
    until_caught: bool = False
    on: str | None = None

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
    root = mutable_sources()
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
        bases = {bug.name: self._to_do(bug, known) for bug in self.bugs}
        # One side after the other: the first bug of a side takes a minute more.
        bugs = sorted((bug for bug in self.bugs if bases[bug.name]), key=_by_side)
        if bugs:
            with closing(self._looked(bugs, bases)) as every:
                for looked in every:
                    self._take(looked, known)
        return self._tell(known)

    def _to_do(self, bug: PlantedBug, known: dict[Key, AnyResult]) -> dict[Way, str]:
        """Return the ways without a result that still holds, with what a new one depends on.

        With ``until_caught``, stop at the first way that is known to have caught the bug.
        """
        to_do: dict[Way, str] = {}
        for way in self.options.ways:
            result = known.get((bug.name, way))
            basis_of_it = self._basis(bug, way)
            if result is None or result.basis != basis_of_it:
                to_do[way] = basis_of_it
            elif self.options.until_caught and not result.survived:
                break
        return to_do

    def _looked(
        self, bugs: Sequence[PlantedBug], bases: Mapping[str, Mapping[Way, str]]
    ) -> Generator[Looked, None, None]:
        """Yield the results of these bugs, of which ``bases`` has what each depends on."""
        options = self.options
        judging = JudgeOptions(options.limit, options.fuzzing, options.until_caught)
        if options.on is None:
            judge = BugJudge(self.root, options.work, self.files, judging, self._print)
            with closing(judge):
                for bug in bugs:
                    yield from judge.judge(bug, bases[bug.name])
            return
        with executor(options.on, 1, BugJudgeSetup(judging)) as tasks:

            def submit(bug: PlantedBug) -> Future[list[Looked]]:
                return tasks.submit(judge_there, bug, bases[bug.name])

            for looked in as_they_end(bugs, submit, lambda: 2 * tasks.size):
                yield from looked

    def _take(self, looked: Looked, known: dict[Key, AnyResult]) -> None:
        result = looked.result
        known[key_of(result)] = result
        write_records(self.options.out, [known[key] for key in sorted(known)])
        if looked.found:
            write_whole(self.options.work / "found" / f"{result.bug}.yaml", looked.found)
        self._say(result)

    def _basis(self, bug: PlantedBug, way: Way) -> str:
        """Return the digest of everything that this result depends on."""
        if way == "fuzz":
            return basis(self._sources, bug, [*self._generator, str(self.options.fuzzing)])
        if way in JUDGE_WAYS:
            return basis(self._sources, bug, self._judges[way])
        files = self.files if way == "catalogue" else explored_files()
        # A result that ended at the first red scenario says nothing of the others.
        cut = ["until caught"] if way == "catalogue" and self.options.until_caught else []
        return basis(self._sources, bug, [*(file.text for file in files), *cut])

    @cached_property
    def _sources(self) -> str:
        return sources_digest(self.root)

    @cached_property
    def _judges(self) -> dict[str, list[str]]:
        return judge_texts(self.root)

    @cached_property
    def _generator(self) -> list[str]:
        return [hypothesis.__version__, *python_texts(project.ROOT, _GENERATOR)]

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


def _by_side(bug: PlantedBug) -> bool:
    return bug.side == "python"
