"""The mutant of each side, with the bug that its copy has now, and the ways to look at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from parity.base.cargo_build import build_driver
from parity.base.model import frozen
from parity.interop.peers.driver_peer import DriverPeer
from parity.mutation.judges.catalogue import (
    ScenarioResult,
    against_recorded,
    of_mutated_python,
    record_reference,
)
from parity.mutation.judges.interop import INTEROP, first_red_cell
from parity.mutation.judges.python_contracts import CONTRACTS
from parity.mutation.judges.rust_contracts import copy_contracts, first_red_contract
from parity.mutation.planted.explored import (
    Outcomes,
    UnexpectedOutcomes,
    beyond,
    explored_files,
    outcomes_of,
)
from parity.mutation.planted.fuzzed import CaseStream, Hunt, hunt
from parity.mutation.planted.scratch import Scratch
from parity.players.choose import PlayerSpec, open_player
from parity.players.driver.player import DriverPlayer
from parity.players.outcome import Player
from parity.search.fuzz.case import Case
from parity.search.fuzz.findings import Finding
from parity.search.fuzz.trial import Agreed, Sides
from parity.spec.loading import ScenarioFile, load_scenario
from parity.verdict.known import KnownDifferences

Red = tuple[str, str]
"""The name of the first failure, and its message."""
_ENOUGH_SECONDS: Final = 600.0
"""Limit for all of interop, or all contracts; each wait of theirs ends much earlier."""


@dataclass(frozen=True)
class Fuzzing:
    """The seed of generated scenarios, and their largest number."""

    seed: int
    count: int


class BuggySide(Protocol):
    """One side's copy, with a method for each way to look at it."""

    def catalogue(self) -> Iterator[ScenarioResult]:
        """Play the catalogue."""

    def interop(self) -> Red | None:
        """Play the cases of interop, until one is red."""

    def contracts(self) -> Red | None:
        """Run the contracts, until one is red."""

    def fuzz(self, fuzzing: Fuzzing) -> Hunt:
        """Play generated scenarios until something is wrong."""

    def explore(self) -> UnexpectedOutcomes:
        """Play every order of a few scenarios."""


class UnmutatedSides:
    """Both sides without a bug, made ready when they are first needed."""

    def __init__(self, root: Path, limit: float) -> None:
        self.root: Final = root
        self._limit = limit

    @cached_property
    def driver(self) -> Path:
        """Path of the port's driver."""
        return build_driver(self.root)

    @cached_property
    def python(self) -> Player:
        """Player of the reference; TensorFlow is loaded here once for all bugs."""
        return open_player(PlayerSpec(kind="python"), self._limit)

    @cached_property
    def outcomes(self) -> Outcomes:
        """All outcomes of the explored scenarios on the reference."""
        return outcomes_of(self.python, explored_files())

    @contextmanager
    def port(self) -> Iterator[Player]:
        """Yield the port."""
        with _driver("sound", self.driver, self._limit) as player:
            yield player

    def agree_on(self, finding: Finding, path: Path) -> bool:
        """Return whether both sides without the bug agree on this scenario."""
        case = Case(finding.case, load_scenario(path, path.parent).scenario, finding.seed)
        with self.port() as port:
            return isinstance(Sides(self.python, port).try_out(case), Agreed)


class BuggyPort:
    """The port with a bug, as a driver that is built when it is looked at."""

    def __init__(
        self,
        scratch: Scratch,
        sound: UnmutatedSides,
        files: Sequence[ScenarioFile],
        known: KnownDifferences,
        limit: float,
    ) -> None:
        self._scratch = scratch
        self._sound = sound
        self._files = files
        self._known = known
        self._limit = limit
        self._made_up: dict[int, CaseStream] = {}

    def catalogue(self) -> Iterator[ScenarioResult]:
        """Play the catalogue against the reference's traces, which are recorded once."""
        traces = self._traces
        with self._mutant() as mutant:
            yield from against_recorded(traces, mutant, self._files, self._known)

    def interop(self) -> Red | None:
        """Play the interop cases with the mutant as both client and server."""
        with self._mutant() as mutant:
            return first_red_cell(DriverPeer(mutant))

    def contracts(self) -> Red | None:
        """Run the contracts of the crate monolith-testing."""
        copy_contracts(self._sound.root, self._scratch.folder)
        return first_red_contract(self._scratch.folder)

    def fuzz(self, fuzzing: Fuzzing) -> Hunt:
        """Play generated scenarios against the sound port, whose plays take milliseconds."""
        made_up = self._made_up.setdefault(fuzzing.seed, CaseStream(fuzzing.seed))
        with self._sound.port() as port, self._mutant() as mutant:
            return hunt(Sides(port, mutant), made_up.first(fuzzing.count))

    def explore(self) -> UnexpectedOutcomes:
        """Explore the mutant, and compare its outcomes with those of the reference."""
        allowed = self._sound.outcomes
        with self._mutant() as mutant:
            return beyond(mutant, explored_files(), allowed)

    @contextmanager
    def _mutant(self) -> Iterator[DriverPlayer]:
        with _driver("mutant", build_driver(self._scratch.folder), self._limit) as player:
            yield player

    @cached_property
    def _traces(self) -> Path:
        work = self._scratch.folder.parent
        record_reference(work / "traces", work / "recording.txt")
        return work / "traces"


class BuggyReference:
    """The reference with a bug, each time in a process that has only this copy."""

    def __init__(
        self,
        scratch: Scratch,
        sound: UnmutatedSides,
        root: Path,
        files: Sequence[ScenarioFile],
        limit: float,
    ) -> None:
        self._scratch = scratch
        self._sound = sound
        self._root = root
        self._files = files
        self._limit = limit

    def catalogue(self) -> Iterator[ScenarioResult]:
        """Play the catalogue against the recorded traces of the port."""
        return of_mutated_python(self._scratch.folder, self._root, self._files, self._limit)

    def interop(self) -> Red | None:
        """Play the interop cases with the mutant as both client and server."""
        return self._judged("parity.mutation.judges.interop", INTEROP)

    def contracts(self) -> Red | None:
        """Run the contracts of tests/contracts."""
        return self._judged("parity.mutation.judges.python_contracts", CONTRACTS)

    def _judged(self, module: str, judge: str) -> Red | None:
        said, ended = self._program(module, seconds=_ENOUGH_SECONDS)
        if ended:
            return judge, ended
        seen = ScenarioResult.model_validate_json(said)
        return (seen.scenario, seen.reason) if seen.bad else None

    def fuzz(self, fuzzing: Fuzzing) -> Hunt:
        """Play generated scenarios against the port."""
        words = (self._sound.driver, fuzzing.seed, fuzzing.count, self._limit)
        said, ended = self._program("parity.mutation.planted.fuzzed", *map(str, words))
        return Hunt(ended=ended) if ended else Hunt.model_validate(frozen(json.loads(said)))

    def explore(self) -> UnexpectedOutcomes:
        """Explore the copy, and compare the port's outcomes with all of the copy's."""
        words = (self._sound.driver, self._limit)
        said, ended = self._program("parity.mutation.planted.explored", *map(str, words))
        return (
            UnexpectedOutcomes(ended=ended)
            if ended
            else UnexpectedOutcomes.model_validate(frozen(json.loads(said)))
        )

    def _program(self, module: str, *words: str, seconds: float | None = None) -> tuple[str, str]:
        """Run a module, and return its last line of output, and how it ended if it failed."""
        path = os.pathsep.join([str(self._scratch.folder), str(self._root)])
        with (self._scratch.folder / "stderr.txt").open("wb") as log:
            try:
                done = subprocess.run(  # noqa: S603 - ourselves
                    [sys.executable, "-m", module, *words],
                    cwd=self._scratch.folder,
                    env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    check=False,
                    timeout=seconds,
                )
            except subprocess.TimeoutExpired:
                return "", f"its process hung: no end after {seconds} s"
        if done.returncode != 0:
            return "", f"its process ended with {done.returncode}: it crashed, or hung"
        return done.stdout.rstrip("\n").rpartition("\n")[2], ""


@contextmanager
def _driver(name: str, program: Path, limit: float) -> Iterator[DriverPlayer]:
    player = DriverPlayer(name, [str(program)], limit)
    try:
        yield player
    finally:
        player.close()
