"""Files that somebody gave us: regular, of a bounded size, and UTF-8, or refused in plain words.

Opening a FIFO waits for a writer, a device may never end, and a link may lead anywhere:
so it is looked at what a path is before it is opened, and what was opened once more.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from parity.bounds import LARGEST_JSON, LARGEST_LINES

_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def read_text(path: Path, largest: int, errors: str = "strict") -> str:
    """Read a file of at most so many bytes; ``errors`` is as of ``bytes.decode``.

    Raises:
      ValueError: with a plain sentence: it can't be read, or it isn't such a file.
    """
    with _opened(path, largest) as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise _too_large(largest)
    return _decoded(data, errors)


class Lines:
    r"""The lines of a file, each read when it is asked for.

    A line ends at ``\n`` and at nothing else. Iterating raises ValueError, with a plain
    sentence, at what can't be read or isn't such a file; ``place`` is then where.

    Args:
      path: of the file.
      largest: bytes of the file, at most.
      longest: bytes of a line, at most.
    """

    def __init__(
        self, path: Path, largest: int = LARGEST_LINES, longest: int = LARGEST_JSON
    ) -> None:
        self._path = path
        self._largest = largest
        self._longest = longest
        self.number = 0
        """Of the line that was read last, or is being read, from 1; 0 before the first."""

    @property
    def place(self) -> str:
        """The file, and the line if there is one."""
        return f"{self._path}:{self.number}" if self.number else str(self._path)

    def __iter__(self) -> Iterator[str]:
        with _opened(self._path, self._largest) as file:
            self.number = 1
            while line := file.readline(self._longest + 2):
                whole = line.removesuffix(b"\n")
                if len(whole) > self._longest:
                    most = _in_mebibytes(self._longest)
                    raise ValueError(f"a line too large; expected at most {most}")
                yield _decoded(whole)
                self.number += 1


def check_within(path: Path, folder: Path) -> None:
    """Refuse a path that leads out of its folder, by a link or otherwise.

    Raises:
      ValueError: with a plain sentence.
    """
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        raise ValueError("found a link that leads to itself; expected a file") from None
    if not inside:
        raise ValueError(f"found a link out of {folder}; expected a file in it")


@contextmanager
def _opened(path: Path, largest: int) -> Iterator[BinaryIO]:
    try:
        _check_regular(path.stat())
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            _check_regular(found)
            if found.st_size > largest:
                raise _too_large(largest)
            yield file
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror or error}") from None


def _check_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise ValueError(f"found {kind}; expected a file")


def _too_large(largest: int) -> ValueError:
    return ValueError(f"too large; expected at most {_in_mebibytes(largest)}")


def _in_mebibytes(size: int) -> str:
    return f"{size // 2**20} MiB"


def _decoded(data: bytes, errors: str = "strict") -> str:
    try:
        return data.decode(errors=errors)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start}); expected UTF-8 text") from None
