"""Errors that are the user's to mend; the command line prints them without a traceback."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parity.terminal_text import one_line


class UsageError(Exception):
    """What the user gave is wrong; the message says what, where, and what would be right."""


class PortUnavailableError(Exception):
    """The player that was asked for can't be had here; the message says why."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place of a file; lines and columns count from 1."""

    file: Path
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return one_line(f"{self.file}:{self.line}:{self.column}: {where}{self.message}")


class ScenarioError(UsageError):
    """A scenario file that isn't valid, with all that is wrong in it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
