"""A forked process that plays scenarios, interop and contracts on one mutant of monolith_hooks.

Its parent has imported TensorFlow, read all scenarios and recordings, and imported nothing of
monolith_hooks that can be mutated, so the child imports the mutant. It prints a line of JSON for
each scenario, one for all of interop and one for the contracts; an empty line for each of their
cases shows that it is alive.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

from pydantic import Field

from parity.base import project
from parity.base.model import Model
from parity.mutation.judges import interop, python_contracts
from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.judges.changed_source import MUTATED, PACKAGE
from parity.players.outcome import Outcome
from parity.players.recorded import RecordedPlayer
from parity.spec.loading import ScenarioFile, load_all
from parity.spec.schedules import Schedule
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences, check_known

_SHARED: Final = (
    "absl.testing.flagsaver",
    "google.protobuf.text_format",
    "grpc",
    "monolith_hooks.controller_hooks_pb2",
    "monolith_hooks.logging_ops_pb2",
    "monolith_hooks.server.service_pb2_grpc",
    "tensorflow",
)
"""Modules that the player needs, that are slow to import, and that import nothing mutated."""


class Told(Model):
    """A line of output: a scenario's result, or why nothing can be played.

    An empty one says that a case of interop or a contract was passed. ``ran`` has the lines of
    monolith_hooks that ran, by file, if they were asked for.
    """

    seen: ScenarioResult | None = None
    seconds: float = 0.0
    ran: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    unviable: str = ""


class _Remembered:
    """The port's recorded traces, read once for all mutants."""

    name = "recorded"
    can = RecordedPlayer.can
    channels = RecordedPlayer.channels

    def __init__(self, files: Sequence[ScenarioFile]) -> None:
        player = RecordedPlayer(project.RECORDED, sources=project.SOURCES)
        self._outcomes = {file.name: player.play(file) for file in files}

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Return the recorded outcome."""
        del seed, schedule
        return self._outcomes[file.name]

    def close(self) -> None:
        """Do nothing, as nothing is held."""


@cache
def prepare() -> tuple[dict[str, ScenarioFile], _Remembered, KnownDifferences]:
    """Import and read what all mutants have in common, before the fork.

    Raises:
        RuntimeError: A module that is mutated was imported, too.
    """
    for module in _SHARED:
        importlib.import_module(module)
    files = load_all([])
    common = {file.name: file for file in files}, _Remembered(files), check_known(files)
    names = {f"{PACKAGE}.{name.replace('/', '.')}" for name in MUTATED}
    if early := sorted(names & sys.modules.keys()):
        raise RuntimeError(f"imported before it could be mutated: {', '.join(early)}")
    return common


def judge(
    module: str, text: str, origin: str, scenarios: Sequence[str], folder: str, note_lines: bool
) -> None:
    """Play scenarios, in order, until one is red.

    Args:
        module: The mutated module; empty if there is none.
        text: The file that has its source.
        origin: The file that it replaces.
        scenarios: Their names, or INTEROP, or CONTRACTS.
        folder: The folder for temporary files.
        note_lines: True to record which lines of monolith_hooks each scenario runs.
    """
    files, recorded, known = prepare()
    tempfile.tempdir = folder
    try:
        if module:
            source = Path(text).read_text(encoding="utf-8")
            sys.meta_path.insert(0, _Mutated(module, source, origin))
            importlib.import_module(module)
        from parity.players.python.player import PythonPlayer  # noqa: PLC0415 - it imports the mutant
    except Exception as error:  # noqa: BLE001 - whatever a mutant does
        _tell(Told(unviable=f"{type(error).__name__}: {error}"))
        return
    judge = Judge(PythonPlayer(), recorded, known)
    for name in scenarios:
        began = time.monotonic()
        with _lines_noted(Path(origin)) if note_lines else _nothing_noted() as ran:
            match name:
                case interop.INTEROP:
                    seen = interop.python_interop_seen(passed=lambda: _tell(Told()))
                case python_contracts.CONTRACTS:
                    seen = python_contracts.contracts_seen(passed=lambda: _tell(Told()))
                case _:
                    seen = _seen(judge, files[name])
        seconds = round(time.monotonic() - began, 3)
        lines = {file: tuple(sorted(lines)) for file, lines in ran.items()}
        _tell(Told(seen=seen, seconds=seconds, ran=lines))
        if seen.bad:
            return


def _seen(judge: Judge, file: ScenarioFile) -> ScenarioResult:
    try:
        record = judge.judge(file)
    except Exception as error:  # noqa: BLE001 - any error makes it red
        reason = f"the player raised {type(error).__name__}: {error}"
        return ScenarioResult(scenario=file.name, verdict="failed", reason=reason)
    return ScenarioResult(
        scenario=file.name, verdict=record.verdict, reason=next(iter(record.reasons), "")
    )


def _tell(told: Told) -> None:
    print(told.model_dump_json(), flush=True)  # noqa: T201 - read by parity.mutation.judges.python_forks


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Importer of one module from another text, as if from its own file."""

    def __init__(self, module: str, source: str, origin: str) -> None:
        self._module = module
        self._code = compile(source, origin, "exec")
        self._origin = origin

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != self._module:
            return None
        return importlib.util.spec_from_file_location(fullname, self._origin, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)  # noqa: S102 - what importing is


@contextmanager
def _lines_noted(package: Path) -> Iterator[dict[str, set[int]]]:
    """Record the lines of the package that run within the block, on this and all new threads.

    They are yielded by file, relative to the package.
    """
    found: defaultdict[str, set[int]] = defaultdict(set)
    prefix = f"{package}/"

    def enter(frame: FrameType, event: str, arg: object) -> Callable[..., Any] | None:
        del event, arg
        name = frame.f_code.co_filename
        if not name.startswith(prefix):
            return None
        ran = found[name.removeprefix(prefix)]

        def step(frame: FrameType, event: str, arg: object) -> Callable[..., Any]:
            del event, arg
            ran.add(frame.f_lineno)
            return step

        return step

    threading.settrace(enter)
    sys.settrace(enter)
    try:
        yield found
    finally:
        sys.settrace(None)
        threading.settrace(None)


@contextmanager
def _nothing_noted() -> Iterator[dict[str, set[int]]]:
    yield {}
