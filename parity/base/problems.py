"""Errors the user can fix; the command line prints them without a traceback."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from parity.base.terminal_text import one_line

_LONGEST: Final = 100
"""Longer texts aren't mistyped words, and a search for close matches would take long."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Suggest the closest known word, as in `` (did you mean steps?)``; empty if none is close."""
    by_lower = {each.lower(): each for each in known}
    text = str(word).lower()
    near = get_close_matches(text, by_lower, n=1, cutoff=0.7) if len(text) <= _LONGEST else []
    return f" (did you mean {by_lower[near[0]]}?)" if near else ""


_INVALID_PATH: Final = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP)
"""Errors of a path that is invalid on any machine."""
_FREE_SPACE: Final = "free space there, or choose another folder"
_ADVICE: Final = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EFBIG: "raise the limit of files' sizes (ulimit -f)",
    errno.ENAMETOOLONG: "choose a shorter name",
}


class UsageError(Exception):
    """Invalid input; the message says what was found, where, and what was expected."""


class PortUnavailableError(Exception):
    """The requested player isn't available on this machine; the message says why."""


class PortDoesNotCompileError(PortUnavailableError):
    """The port's sources don't compile; the message is the compiler's, with the place first."""


class OutputError(Exception):
    """Output that can't be written on this machine; the message says why and what to do."""


class FolderHeldError(OutputError):
    """A folder of results in which another process is writing."""


def writing_problem(path: Path, error: OSError) -> UsageError | OutputError:
    """Return the error to raise if ``error`` prevented this path from being written."""
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, "choose another folder")
    kind = UsageError if error.errno in _INVALID_PATH else OutputError
    return kind(f"{path}: can't be written: {reason}; {advice}")


@dataclass(frozen=True)
class Problem:
    """One problem at one place of a file; lines and columns count from 1."""

    file: Path
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return one_line(f"{self.file}:{self.line}:{self.column}: {where}{self.message}")


class ScenarioError(UsageError):
    """An invalid scenario file, with all its problems."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
