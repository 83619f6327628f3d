"""The Rust port's mutants: cargo-mutants makes them; here they are built and judged.

cargo-mutants would build and start every test anew for each mutant. Here one process
keeps the reference's recorded traces, and plays each mutant until it is caught by a
scenario, an interop case or a contract, in this order.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from parity.base.cargo_build import build_driver
from parity.base.files import write_whole
from parity.base.problems import PortUnavailableError, UsageError
from parity.interop.peers.driver_peer import DriverPeer
from parity.mutation.generated.outcome import Fate, Mutant, MutantOutcome, found_here, numbered
from parity.mutation.generated.side import Bench, ScenarioRanking
from parity.mutation.judges.catalogue import record_reference
from parity.mutation.judges.interop import first_red_cell
from parity.mutation.judges.rust_contracts import copy_contracts, first_red_contract
from parity.mutation.planted.planted import PORT
from parity.mutation.planted.scratch import Scratch, digest_of
from parity.players.choose import PlayerSpec, open_player
from parity.players.driver.player import DriverPlayer
from parity.spec.loading import ScenarioFile
from parity.verdict.judge import Judge
from parity.verdict.record import EXIT_CODES

SCOPE: Final = (
    "barrier_ops.rs", "clock.rs", "clock/**", "coordinator.rs", "device_utils.rs", "files.rs",
    "logging_ops.rs", "net_utils.rs", "net_utils/**", "hooks/**", "save_utils/**", "text.rs",
    "text_format.rs",
)  # fmt: skip
"""The mutated files: the hooks, barrier, server and clock, but not fakes and sessions."""

_MISSING: Final = "cargo-mutants isn't installed; cargo install cargo-mutants --locked"


class _Place(BaseModel):
    """Line and column, in characters, from 1."""

    model_config = ConfigDict(frozen=True)

    line: int
    column: int


class _Span(BaseModel):
    model_config = ConfigDict(frozen=True)

    start: _Place
    end: _Place


class Listed(BaseModel):
    """The keys used here from a mutant in the output of ``cargo mutants --list --json``."""

    model_config = ConfigDict(frozen=True)

    file: str
    name: str
    span: _Span
    replacement: str

    @property
    def inside(self) -> str:
        """Path of the file, relative to the crate's ``src``."""
        return str(Path("monolith-rs", self.file).relative_to(PORT))

    @property
    def change(self) -> str:
        """Description of the change, without its place."""
        return self.name.split(": ", maxsplit=1)[1]

    def applied(self, text: str) -> str:
        """Return the file's text with the change."""
        lines = text.splitlines(keepends=True)
        start, end = self.span.start, self.span.end
        before = "".join(lines[: start.line - 1]) + lines[start.line - 1][: start.column - 1]
        after = lines[end.line - 1][end.column - 1 :] + "".join(lines[end.line :])
        return before + self.replacement + after


@dataclass(frozen=True)
class RustMutants:
    """The side ``rust``."""

    at_once: int = 1

    def mutants(self, bench: Bench) -> Sequence[Mutant]:
        """Return the mutants that cargo-mutants makes of the files in scope.

        Raises:
            PortUnavailableError: Cargo-mutants isn't installed.
        """
        return list(self._listed(bench.root))

    @contextmanager
    def judge(self, bench: Bench) -> Iterator[RustJudge]:
        """Have a judge for the block, of a copy of the sources.

        Raises:
            UsageError: The catalogue is red without a mutant.
            PortUnavailableError: The port can't be built here, or cargo-mutants isn't installed.
        """
        yield RustJudge.begin(bench, self._listed(bench.root))

    def _listed(self, root: Path) -> dict[Mutant, Listed]:
        found = read_listed(_list(root))
        mutants = numbered(
            "rust", ((each.inside, each.span.start.line, each.change) for each in found)
        )
        return dict(zip(mutants, found, strict=True))


def read_listed(text: str) -> list[Listed]:
    """Return the mutants in the output of ``cargo mutants --list --json``."""
    return TypeAdapter(list[Listed]).validate_json(text)


def _list(root: Path) -> str:
    """Return the mutants that cargo-mutants makes of the files in scope, as JSON.

    Raises:
        PortUnavailableError: Cargo-mutants isn't installed, or it failed.
    """
    cargo = shutil.which("cargo")
    if cargo is None or shutil.which("cargo-mutants") is None:
        raise PortUnavailableError(_MISSING)
    source = Path(PORT).relative_to("monolith-rs")
    globs = [word for glob in SCOPE for word in ("-f", str(source / glob))]
    listed = subprocess.run(  # noqa: S603 - cargo, from PATH
        [cargo, "mutants", "--list", "--json", *globs],
        cwd=root / "monolith-rs",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        raise PortUnavailableError(f"cargo mutants --list failed: {listed.stderr.strip()}")
    return listed.stdout


@dataclass(frozen=True)
class RustJudge:
    """The judge of the port's mutants, one after the other, as they share a copy."""

    bench: Bench
    made: Mapping[Mutant, Listed]
    scratch: Scratch
    traces: Path

    @classmethod
    def begin(cls, bench: Bench, made: Mapping[Mutant, Listed]) -> RustJudge:
        """Refresh the copy, record the reference, and check that the catalogue is green.

        Raises:
            UsageError: It is red.
        """
        scratch = Scratch(bench.root, bench.work / "rust", "rust")
        scratch.refresh()
        copy_contracts(bench.root, scratch.folder)
        traces = bench.work / "traces"
        _record(bench, traces)
        judge = cls(bench, made, scratch, traces)
        red = judge.first_red(bench.files)
        if red is not None:
            raise UsageError(
                f"the catalogue is red without a mutant, at {red[0]}: {red[1]}; "
                "expected a green one"
            )
        return judge

    def judged(self, mutant: Mutant, ranking: ScenarioRanking) -> MutantOutcome:
        """Build the copy with a mutant, and play it.

        Raises:
            PortUnavailableError: There is no such mutant here.
        """
        change = found_here(self.made, mutant)
        path = Path(PORT, change.inside)
        sound = (self.scratch.folder / path).read_text(encoding="utf-8")
        with self.scratch.holding(path, change.applied(sound)):
            return self._played(mutant, ranking)

    def _played(self, mutant: Mutant, ranking: ScenarioRanking) -> MutantOutcome:
        began = time.monotonic()

        def outcome(fate: Fate, by: str = "", reason: str = "") -> MutantOutcome:
            return self.bench.bases.outcome(mutant, fate, time.monotonic() - began, by, reason)

        try:
            files = {file.name: file for file in self.bench.files}
            names = ranking.first(mutant.file, list(files))
            red = self.first_red([files[name] for name in names])
        except PortUnavailableError as error:
            return outcome("unviable", reason=str(error))
        if red is None:
            return outcome("survived")
        by, reason = red
        return outcome("timeout" if ", hung: " in reason else "caught", by, reason)

    def first_red(self, files: Sequence[ScenarioFile]) -> tuple[str, str] | None:
        """Return the first scenario, interop case or contract that is red, and why.

        Raises:
            PortUnavailableError: The copy can't be built, or its driver doesn't answer hello.
        """
        driver = build_driver(self.scratch.folder)
        reference = open_player(PlayerSpec(kind="recorded", where=str(self.traces)), 1)
        peer = DriverPlayer("mutant", [str(driver)], self.bench.limit)
        judge = Judge(reference, peer, self.bench.known)
        try:
            for file in files:
                record = judge.judge(file)
                if EXIT_CODES[record.verdict]:
                    return file.name, next(iter(record.reasons), record.verdict)
            red = first_red_cell(DriverPeer(peer))
        finally:
            peer.close()
        return red or first_red_contract(self.scratch.folder)


def _record(bench: Bench, traces: Path) -> None:
    """Record the reference, unless it was recorded from the same sources and scenarios."""
    made_from = bench.work / "traces.txt"
    now = digest_of([bench.bases.sources, *bench.bases.scenarios.values()])
    if not (made_from.exists() and made_from.read_text(encoding="utf-8") == now):
        made_from.unlink(missing_ok=True)
        record_reference(traces, bench.work / "recording.txt")
        write_whole(made_from, now)
