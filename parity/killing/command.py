"""``monolith-parity killmatrix``: plants each bug and has the catalogue look for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from parity import project
from parity.json_lines import write_records
from parity.killing.catalogue import (
    Seen,
    against_recorded,
    of_mutated_python,
    record_reference,
)
from parity.killing.matrix import Kill, kill_of, read_kills, table
from parity.killing.planted import PlantedBug, Side, chosen, load_planted
from parity.killing.scratch import Scratch, basis
from parity.known import KnownDifferences
from parity.loading import ScenarioFile
from parity.players.driver import DriverPlayer
from parity.players.rust import build_driver
from parity.problems import PortUnavailableError, UsageError
from parity.runner import check_known, load_all

Play = Callable[[], Iterator[Seen]]
"""Plays the catalogue on one side as its copy is now."""


@dataclass(frozen=True)
class KillOptions:
    """What ``monolith-parity killmatrix`` was asked for; ``limit`` in seconds a scenario."""

    only: Sequence[str]
    shard: str | None
    out: Path
    limit: float


def killmatrix(options: KillOptions, console: Console) -> int:
    """Plant, play and tell; 1 if a bug survives.

    Raises:
      UsageError: something that was given is wrong, a planted bug doesn't fit the
        sources, or the catalogue is red without one.
      PortUnavailableError: the port can't be built here.
    """
    root = project.SOURCES
    if root is None:
        raise PortUnavailableError("an installed package doesn't have the sources to plant bugs in")
    bugs = chosen(load_planted(), options.only, options.shard)
    for bug in bugs:
        bug.planted_in((root / bug.path).read_text(encoding="utf-8"))
    files = load_all([])
    known = check_known(files)
    return _Campaign(options, root, files, known, console).run(bugs)


@dataclass(frozen=True)
class _Campaign:
    options: KillOptions
    root: Path
    files: Sequence[ScenarioFile]
    known: KnownDifferences
    console: Console

    def run(self, bugs: Sequence[PlantedBug]) -> int:
        texts = [file.text for file in self.files]
        current = {bug.name: basis(self.root, bug, texts) for bug in bugs}
        kills = {kill.bug: kill for kill in read_kills(self.options.out)}
        sides: tuple[Side, ...] = ("rust", "python")
        for side in sides:
            left = [
                bug
                for bug in bugs
                if bug.side == side
                and (bug.name not in kills or kills[bug.name].basis != current[bug.name])
            ]
            for kill in self._kills(side, left, current):
                kills[kill.bug] = kill
                write_records(self.options.out, list(kills.values()))
                self._say(kill)
        return self._tell([kills[bug.name] for bug in bugs])

    def _kills(
        self, side: Side, bugs: Sequence[PlantedBug], current: dict[str, str]
    ) -> Iterator[Kill]:
        if not bugs:
            return
        scratch = Scratch(self.root, self._work / side, side)
        scratch.refresh()
        play = self._rust(scratch) if side == "rust" else self._python(scratch)
        self._check_that_it_is_green(side, play)
        for bug in bugs:
            began = time.monotonic()
            with scratch.planted(bug):
                try:
                    seen = list(play())
                except PortUnavailableError as error:
                    raise UsageError(f"planted bug {bug.name}: {error}") from None
            yield kill_of(bug, current[bug.name], seen, time.monotonic() - began)

    def _rust(self, scratch: Scratch) -> Play:
        traces = self._work / "traces"
        record_reference(traces, self._work / "recording.txt")

        def play() -> Iterator[Seen]:
            driver = build_driver(scratch.folder)
            player = DriverPlayer("mutant", [str(driver)], self.options.limit)
            try:
                yield from against_recorded(traces, player, self.files, self.known)
            finally:
                player.close()

        return play

    def _python(self, scratch: Scratch) -> Play:
        return lambda: of_mutated_python(scratch, self.root, self.files, self.options.limit)

    def _check_that_it_is_green(self, side: Side, play: Play) -> None:
        """A catalogue that is red anyway would seem to catch everything."""
        seen = list(play())
        bad = [each for each in seen if each.bad]
        if bad or len(seen) != len(self.files):
            first = bad[0] if bad else seen[-1]
            raise UsageError(
                f"{side}: the catalogue is red without a planted bug, at {first.scenario}: "
                f"{first.reason or first.verdict}; a green one would be right"
            )
        self.console.print(f"{side}: {len(seen)} scenarios are green without a planted bug")

    @property
    def _work(self) -> Path:
        return self.options.out.resolve().with_suffix(".work")

    def _say(self, kill: Kill) -> None:
        by = f"caught by {kill.caught} of {kill.played}" if kill.caught else "SURVIVED"
        self.console.print(f"{kill.bug}: {by}, {kill.seconds:.1f} s", soft_wrap=True, markup=False)

    def _tell(self, kills: Sequence[Kill]) -> int:
        self.console.print(table(kills))
        survivors = [kill.bug for kill in kills if kill.survived]
        self.console.print(f"{len(kills) - len(survivors)} of {len(kills)} planted bugs are caught")
        for name in survivors:
            self.console.print(f"survived: {name}", markup=False)
        return 1 if survivors else 0
