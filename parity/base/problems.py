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
"""Longer ones aren't mistyped words, and looking for near ones would take long."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`` (did you mean steps?)``, to stand behind the word; nothing if no word is near it."""
    by_lower = {each.lower(): each for each in known}
    text = str(word).lower()
    near = get_close_matches(text, by_lower, n=1, cutoff=0.7) if len(text) <= _LONGEST else []
    return f" (did you mean {by_lower[near[0]]}?)" if near else ""


_GIVEN_WRONGLY: Final = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP)
"""What the system says of a path that can't be meant, on whatever machine."""
_FREE_SPACE: Final = "free space there, or choose another folder"
_ADVICE: Final = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EFBIG: "raise the limit of files' sizes (ulimit -f)",
    errno.ENAMETOOLONG: "choose a shorter name",
}


class UsageError(Exception):
    """Wrong input; the message says what was found, where, and what was expected."""


class PortUnavailableError(Exception):
    """The player that was asked for can't be had here; the message says why."""


class PortDoesNotCompileError(PortUnavailableError):
    """The port's sources are wrong; the message has the compiler's own, place first."""


class OutputError(Exception):
    """Output that can't be written here; the message names it, and says why and what to do."""


def writing_problem(path: Path, error: OSError) -> UsageError | OutputError:
    """The error to raise where ``error`` kept this path from being written."""
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, "choose another folder")
    kind = UsageError if error.errno in _GIVEN_WRONGLY else OutputError
    return kind(f"{path}: can't be written: {reason}; {advice}")


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
