"""The judge of planted bugs: plants each in a copy of the sources, and looks for it in each way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from parity.base.files import write_whole
from parity.base.problems import PortUnavailableError, UsageError
from parity.base.terminal_text import counted
from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.planted.checkout import JudgeSetup, OpenJudge
from parity.mutation.planted.forked_reference import ForkedReference
from parity.mutation.planted.fuzzed import Hunt
from parity.mutation.planted.matrix import (
    AnyResult,
    explored_of,
    fuzzed_of,
    judged_of,
    kill_of,
)
from parity.mutation.planted.planted import JudgeWay, Language, PlantedBug, Way
from parity.mutation.planted.scratch import Scratch
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

JUDGE_WAYS: Final[tuple[JudgeWay, ...]] = ("interop", "contracts")


@dataclass(frozen=True)
class JudgeOptions:
    """How bugs are judged: ``limit`` in real seconds a scenario, the fuzzer's seed and count.

    With ``until_caught`` a bug's first failure is the last thing that is looked at.
    """

    limit: float
    fuzzing: Fuzzing
    until_caught: bool = False


@dataclass(frozen=True)
class Looked:
    """The result of looking for a bug in one way, and the fuzzer's smallest scenario as YAML."""

    result: AnyResult
    found: str = ""


class BugJudge:
    """Judge of bugs, one after the other; each side is opened with its first bug.

    Not for several threads, as both sides have one copy of the sources.

    Args:
        root: The project, without bugs.
        work: Folder of the copies, of which this process holds the lock.
        files: The catalogue.
        options: How they are judged.
        say: Is told of what is green without a bug.
    """

    def __init__(
        self,
        root: Path,
        work: Path,
        files: Sequence[ScenarioFile],
        options: JudgeOptions,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._root = root
        self._work = work
        self._files = files
        self._options = options
        self._say = say
        self._open = ExitStack()
        self._sides: dict[Language, tuple[Scratch, BuggySide]] = {}
        self._green: set[tuple[Language, Way]] = set()

    def close(self) -> None:
        """Close what is open of both sides."""
        self._open.close()

    def judge(self, bug: PlantedBug, bases: Mapping[Way, str]) -> Iterator[Looked]:
        """Look for a bug in each of these ways; ``bases`` is what each result depends on.

        Raises:
            UsageError: A way is red without a bug, the bug can't be built, or both sides without
                it differ in what the fuzzer found.
            PortUnavailableError: A side isn't available here.
        """
        scratch, buggy = self._side(bug.side)
        for way in bases:
            self._check_that_it_is_green(bug.side, buggy, way)
        with scratch.planted(bug):
            for way, basis in bases.items():
                try:
                    looked = self._look(bug, way, basis, buggy)
                except PortUnavailableError as error:
                    raise UsageError(f"planted bug {bug.name}: {error}") from None
                yield looked
                if self._options.until_caught and not looked.result.survived:
                    return

    def _side(self, side: Language) -> tuple[Scratch, BuggySide]:
        if side not in self._sides:
            scratch = Scratch(self._root, self._work / side, side)
            scratch.refresh()
            self._sides[side] = scratch, self._buggy_side(scratch, side)
        return self._sides[side]

    def _buggy_side(self, scratch: Scratch, side: Language) -> BuggySide:
        files, limit = self._files, self._options.limit
        if side == "rust":
            return BuggyPort(scratch, self._sound, files, check_known(files), limit)
        whole = BuggyReference(scratch, self._sound, self._root, files, limit)
        if not self._options.until_caught:
            return whole
        forked = ForkedReference(scratch, whole, self._root, files, limit)
        return self._open.enter_context(closing(forked))

    @cached_property
    def _sound(self) -> UnmutatedSides:
        return UnmutatedSides(self._root, self._options.limit)

    def _look(self, bug: PlantedBug, way: Way, basis: str, buggy: BuggySide) -> Looked:
        began = time.monotonic()
        if way == "catalogue":
            seen = list(self._as_far_as_wanted(buggy.catalogue()))
            return Looked(kill_of(bug, basis, seen, time.monotonic() - began))
        if way == "explore":
            beyond = buggy.explore()
            return Looked(explored_of(bug, basis, beyond, time.monotonic() - began))
        if way in JUDGE_WAYS:
            red = _red(buggy, way)
            return Looked(judged_of(bug, basis, way, red, time.monotonic() - began))
        fuzzing = self._options.fuzzing
        hunt = buggy.fuzz(fuzzing)
        found = self._checked(bug, hunt)
        return Looked(fuzzed_of(bug, basis, fuzzing.seed, hunt, time.monotonic() - began), found)

    def _as_far_as_wanted(self, seen: Iterator[ScenarioResult]) -> Iterator[ScenarioResult]:
        """Yield all results, or with ``until_caught`` those up to the first that is bad."""
        for each in seen:
            yield each
            if self._options.until_caught and each.bad:
                return

    def _checked(self, bug: PlantedBug, hunt: Hunt) -> str:
        """Return the smallest scenario, but refuse one in which the sound sides differ."""
        if hunt.finding is None:
            return ""
        path = self._work / "found" / f"{bug.name}.yaml"
        write_whole(path, hunt.finding.text)
        if not self._sound.agree_on(hunt.finding, path):
            raise UsageError(
                f"planted bug {bug.name}: both sides without it differ as well in {path}; "
                "expected them to agree"
            )
        return hunt.finding.text

    def _check_that_it_is_green(self, side: Language, buggy: BuggySide, way: Way) -> None:
        """Refuse to look in a way that fails without a planted bug already."""
        if (side, way) in self._green:
            return
        if way == "catalogue":
            self._check_the_catalogue(side, buggy)
        elif way in JUDGE_WAYS and (red := _red(buggy, way)) is not None:
            raise UsageError(
                f"{side}: red without a planted bug: {red[0]}: {red[1]}; expected it green"
            )
        self._green.add((side, way))

    def _check_the_catalogue(self, side: Language, buggy: BuggySide) -> None:
        seen = list(buggy.catalogue())
        bad = [each for each in seen if each.bad]
        if bad or len(seen) != len(self._files):
            first = bad[0] if bad else seen[-1]
            raise UsageError(
                f"{side}: the catalogue is red without a planted bug, at {first.scenario}: "
                f"{first.reason or first.verdict}; expected a green one"
            )
        self._say(f"{side}: {counted(len(seen), 'scenario')} green without a planted bug")


def _red(buggy: BuggySide, way: JudgeWay) -> Red | None:
    return buggy.interop() if way == "interop" else buggy.contracts()


@dataclass(frozen=True)
class BugJudgeSetup(JudgeSetup[BugJudge]):
    """The setup of a process that judges planted bugs."""

    options: JudgeOptions

    folder = "killmatrix.work"

    def judge(self, root: Path, work: Path) -> AbstractContextManager[BugJudge]:
        """Have a judge for the block; what is red without a bug shows with the first one."""
        return closing(BugJudge(root, work, load_all([]), self.options))


def judge_there(
    opened: OpenJudge[BugJudge], bug: PlantedBug, bases: Mapping[Way, str]
) -> list[Looked]:
    """Judge one bug; called in the process that has the judge."""
    return list(opened.judge.judge(bug, bases))
