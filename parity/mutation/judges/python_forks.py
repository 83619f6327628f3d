"""Scenarios played on Python mutants, each in a process forked for it.

One process imports and reads everything that mutants have in common
(``parity.mutation.judges.python_child``); a fork of it imports the mutant and plays, which takes
no longer than its scenarios do. A fork without output for too long is killed.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from parity.base.model import frozen
from parity.base.problems import UsageError
from parity.mutation.judges.changed_source import PACKAGE, ChangedSource
from parity.mutation.judges.python_child import Told
from parity.players.cluster.processes import Zygote

_CHILD: Final = "parity.mutation.judges.python_child"
_ALIVE: Final = Told()
_CHUNK_BYTES: Final = 1 << 16
_UNMUTATED: Final = 10
"""Factor on the limit without a mutant, as recording the lines that run takes time, too."""


@dataclass(frozen=True)
class Shown:
    """The outcomes of the scenarios, in order, and the end of the process.

    ``hung`` is True if it was killed for lack of output; else ``status`` is its exit status,
    negative for a signal, and ``log`` the last line that it wrote to stderr.
    """

    told: tuple[Told, ...]
    hung: bool = False
    status: int = 0
    log: str = ""

    def red(self, names: Sequence[str], limit: float) -> tuple[str, str] | None:
        """Return which of these scenarios was red, with its message, or None.

        If the process ended early, the scenario being played was red; a failing import is red, too.
        """
        if self.told and self.told[-1].unviable:
            return "the import", self.told[-1].unviable
        last = self.told[-1].seen if self.told else None
        if last is not None and last.bad:
            return last.scenario, last.reason or last.verdict
        if len(self.told) == len(names):
            return None
        end = f"its process ended with {self.status}: {self.log}"
        return names[len(self.told)], f"it took over {limit:g} s" if self.hung else end


@dataclass(frozen=True)
class Reach:
    """The lines of each file that each scenario, interop and the contracts run, fastest first."""

    ran: dict[str, dict[str, tuple[int, ...]]]

    @classmethod
    def of(cls, names: Sequence[str], shown: Shown) -> Reach:
        """Return the reach seen in a play without a mutant.

        Raises:
            UsageError: It was red, or ended early.
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


class Forks:
    """Processes that play mutants; any number of threads may use it at once.

    Args:
        root: The folder that has monolith_hooks.
        limit: Real seconds that a scenario, or a case of interop, may take.
        prepare: The function that is called once, before all forks.
        judge: The function that a fork calls, with the arguments of ``python_child.judge``.

    Raises:
        PortUnavailableError: The process that is forked can't be started.
    """

    def __init__(
        self,
        root: Path,
        limit: float,
        *,
        prepare: str = f"{_CHILD}:prepare",
        judge: str = f"{_CHILD}:judge",
    ) -> None:
        self._package = root / PACKAGE
        self._limit = limit
        self._judge = judge
        self._zygote = Zygote([prepare])

    def close(self) -> None:
        """End the process, and its forks with it."""
        self._zygote.close()

    def unmutated(self, scenarios: Sequence[str]) -> Shown:
        """Play the package as it is, and record the lines that each scenario runs."""
        return self._play(None, scenarios, _UNMUTATED * self._limit)

    def play(self, mutant: ChangedSource, scenarios: Sequence[str]) -> Shown:
        """Play a mutant until a scenario is red."""
        return self._play(mutant, scenarios, self._limit)

    def _play(self, mutant: ChangedSource | None, scenarios: Sequence[str], limit: float) -> Shown:
        folder = Path(tempfile.mkdtemp(prefix="parity-mutant-"))
        try:
            module, text, origin = "", "", self._package
            if mutant is not None:
                module, text, origin = mutant.module, "mutant.py", self._package / mutant.file
                (folder / text).write_text(mutant.text, encoding="utf-8")
            args: list[object] = [
                module, str(folder / text), str(origin), list(scenarios), str(folder),
                mutant is None,
            ]  # fmt: skip
            return self._fork(args, folder / "stderr.txt", limit)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _fork(self, args: list[object], log: Path, limit: float) -> Shown:
        ours, theirs = os.pipe()
        null = os.open(os.devnull, os.O_RDONLY)
        stderr = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            pid = self._zygote.run(self._judge, args, (null, theirs, stderr))
        finally:
            for fd in (theirs, null, stderr):
                os.close(fd)
        told: list[Told] = []
        over, hung = False, False
        try:
            for line in _lines(ours, limit):
                said = Told.model_validate(frozen(json.loads(line)))
                if said != _ALIVE:
                    told.append(said)
            over = True
        except TimeoutError:
            hung = True
        except (json.JSONDecodeError, ValidationError):
            pass  # The mutant printed something itself, or died in the middle of a line.
        finally:
            os.close(ours)
            if not over:
                os.kill(pid, signal.SIGKILL)  # It isn't reaped yet, so the pid is still its own.
            status = self._zygote.reap(pid)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return Shown(tuple(told), hung, status, lines[-1] if lines else "")


def _lines(fd: int, limit: float) -> Iterator[bytes]:
    """Yield the lines that come in until the end of the stream.

    Raises:
        TimeoutError: None came for ``limit`` seconds.
    """
    rest = b""
    until = time.monotonic() + limit
    while True:
        ready, _, _ = select.select([fd], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise TimeoutError
        chunk = os.read(fd, _CHUNK_BYTES)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
            until = time.monotonic() + limit
