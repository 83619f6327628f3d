"""Reading of bounded files, and atomic replacement of files.

Every file that a command leaves is written here. It is created beside its target under
another name, synced, and renamed. If anything fails, the old file stays and no temporary
file is left. ``report.jsonl`` and similar files, which grow during a run, are started this
way (``parity.base.json_lines``).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from parity.base.bounds import LARGEST_JSON, LARGEST_LINES
from parity.base.problems import UsageError, writing_problem

_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def read_text(path: Path, largest: int, errors: str = "strict") -> str:
    """Read a file of at most ``largest`` bytes; ``errors`` is as for ``bytes.decode``.

    Raises:
        ValueError: The file can't be read or isn't such a file; the message says why.
    """
    with _opened(path, largest) as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise _too_large(largest)
    return _decoded(data, errors)


class Lines:
    r"""Iterable of a file's lines, which are read one at a time.

    Only ``\n`` ends a line. Iterating raises ValueError if the file can't be read or isn't
    such a file; the message says why, and ``place`` says where.

    Args:
        path: The file.
        largest: Most bytes of the file.
        longest: Most bytes of a line.
    """

    def __init__(
        self, path: Path, largest: int = LARGEST_LINES, longest: int = LARGEST_JSON
    ) -> None:
        self._path = path
        self._largest = largest
        self._longest = longest
        self.number = 0
        """Number of the line that is being read or was read last, from 1; 0 before the first."""
        self.cut_off = False
        """True if that line has no line feed, so that it may be half of what was to be written."""

    @property
    def place(self) -> str:
        """Path of the file, with the line number if a line was read."""
        return f"{self._path}:{self.number}" if self.number else str(self._path)

    def __iter__(self) -> Iterator[str]:
        with _opened(self._path, self._largest) as file:
            self.number = 1
            while line := file.readline(self._longest + 2):
                whole = line.removesuffix(b"\n")
                self.cut_off = whole == line
                if len(whole) > self._longest:
                    most = _in_mebibytes(self._longest)
                    raise ValueError(f"a line too large; expected at most {most}")
                yield _decoded(whole)
                self.number += 1


def check_within(path: Path, folder: Path) -> None:
    """Refuse a path that leads out of its folder, by a link or otherwise.

    Raises:
        ValueError: It does; the message says how.
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


_SUFFIX: Final = ".parity-tmp"
_NO_SYNC: Final = (errno.EINVAL, errno.ENOTSUP)
"""Errors of file systems that can't sync a folder."""


def write_whole(path: Path, content: str | bytes) -> None:
    """Replace the file's content; a reader sees either all of the old file or all of the new.

    Text is written as UTF-8.

    Raises:
        UsageError: The path can't be a file: it is a folder or a device, or below a file.
        OutputError: The file can't be written on this machine.
    """
    data = content.encode() if isinstance(content, str) else content
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_new(path: Path, content: str) -> None:
    """Write a new file, all of it or nothing.

    Raises:
        FileExistsError: The file exists; nothing was changed.
        UsageError: The path can't be a file.
        OutputError: The file can't be written on this machine.
    """
    make_folder(path.parent)
    try:
        path.touch(exist_ok=False)  # Reserves the name.
    except FileExistsError:
        raise
    except OSError as error:
        raise writing_problem(path, error) from None
    try:
        write_whole(path, content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file, which replaces ``path`` unless the block raises.

    Raises:
        UsageError: The path can't be a file.
        OutputError: The file can't be written on this machine.
    """
    make_folder(path.parent)
    must_be_replaceable(path)
    # Without the target's name, which may already have the longest possible length.
    temporary = path.with_name(f".{secrets.token_hex(8)}{_SUFFIX}")
    with writing(path):
        try:
            temporary.touch(exist_ok=False)
            yield temporary
            _sync(temporary)
            temporary.replace(path)
            _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into an error that names this path.

    Raises:
        UsageError: The path can't be written on any machine.
        OutputError: The path can't be written on this machine.
    """
    try:
        yield
    except OSError as error:
        raise writing_problem(path, error) from None


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, unless they exist.

    Raises:
        UsageError: The folder or one of its parents exists and isn't a folder.
        OutputError: The folder can't be created on this machine.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        (wrong, *_) = (
            each
            for each in (folder, *folder.parents)
            if os.path.lexists(each) and not each.is_dir()
        )
        raise UsageError(f"{wrong}: expected a folder, got {_kind(wrong)}") from None
    except OSError as error:
        raise writing_problem(folder, error) from None


def must_be_replaceable(path: Path) -> None:
    """Refuse a path that a file must not replace.

    Raises:
        UsageError: It is a folder, a device, or a pipe.
        OutputError: It can't be inspected on this machine.
    """
    with writing(path), contextlib.suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise UsageError(f"{path}: expected a file, or a name for one, got {_kind(path)}")


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of writers that were killed; call it only without other writers."""
    for path in folder.glob(f".*{_SUFFIX}"):
        with writing(path):
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError as error:
        if not (path.is_dir() and error.errno in _NO_SYNC):
            raise
    finally:
        os.close(fd)


def _kind(path: Path) -> str:
    """Return the kind of the path's file, in words."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return "a link that leads nowhere"
    for is_one, words in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISREG, "a file"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if is_one(mode):
            return words
    return "a device"
