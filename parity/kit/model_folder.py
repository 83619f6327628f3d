"""The model directory of a run: its folder, what scenarios write into it, and what is left."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from parity.base.problems import OutputError
from parity.kit.unplayable import Unplayable
from parity.spec.steps import ActionContent, FileContent
from parity.spec.trace import LISTED_CHECKPOINTS, LISTED_FILES, OTHER_FILES, UNLISTED_FILES

NEW_FOLDER: Final = "server/new"
"""The folder of a server whose ``folder`` is ``missing``."""
_ROOM_BYTES: Final = 1 << 20
"""More than the largest save of any scenario."""
_NOT_SAID: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
"""Errors of file systems that can't reserve space."""
_TORN: Final = re.compile(r"\.tmp[0-9a-f]{32}$")
"""The end of a temporary file that TensorFlow's own atomic writer leaves if it can't write it."""
_BASES: Final = "|".join(map(re.escape, LISTED_CHECKPOINTS))
_CHECKPOINT: Final = re.compile(rf"((?:{_BASES})--?\d+)(\..*)?")


@contextmanager
def model_folder() -> Iterator[Path]:
    """Yield a folder for one run.

    A save that fails because this machine's disk is full would look like a difference between
    the sides, so the result of a run is dropped if there is no space at its end.

    Raises:
        OutputError: There is no temporary folder, or no space in it.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="parity-")
    except OSError as error:
        raise OutputError(_told(error)) from None
    with folder as path:
        try:
            yield Path(path)
        finally:
            _must_have_room(Path(path))


def _must_have_room(folder: Path) -> None:
    try:
        with (folder / "room").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _ROOM_BYTES)
    except OSError as error:
        if error.errno not in _NOT_SAID:
            raise OutputError(_told(error)) from None


def _told(error: OSError) -> str:
    reason = error.strerror or str(error)
    return (
        f"{tempfile.tempdir or 'TMPDIR'}: no room for a play: {reason}; free "
        f"{_ROOM_BYTES >> 20} MiB there, or set TMPDIR to another folder"
    )


def write_content(
    path: Path, content: FileContent, fill_in: Callable[[str], str] = lambda text: text
) -> None:
    """Replace the file's content, or remove the file.

    Raises:
        Unplayable: The file can't be written, usually as its folder doesn't exist.
    """
    with _told_of(path):
        if content.text is not None:
            path.write_text(fill_in(content.text), encoding="utf-8", newline="")
        elif content.hex is not None:
            path.write_bytes(bytes.fromhex(content.hex))
        elif path.parent.is_dir():
            path.unlink(missing_ok=True)


def write_action(path: Path, content: ActionContent) -> None:
    """Replace what is at the path by content or an empty folder, or remove it.

    Raises:
        Unplayable: It can't be written, or a folder that is there isn't empty.
    """
    with _told_of(path):
        if path.is_dir():
            path.rmdir()
    write_content(path, content)
    if content.folder:
        with _told_of(path):
            path.mkdir()


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise Unplayable(f"{path.name} can't be written: its folder isn't there") from None
    except OSError as error:
        raise Unplayable(f"{path.name} can't be written: {error.strerror}") from None


def files_left(model_dir: Path) -> tuple[str, ...]:
    """Return the canonical names of all files in the folder, sorted (docs/trace-format.md)."""
    files = [
        path.relative_to(model_dir).as_posix() for path in model_dir.rglob("*") if path.is_file()
    ]
    names = {_canonical(file) for file in files if not _is_tensorflows(file)}
    return tuple(sorted(names))


def known_files(model_dir: Path) -> tuple[str, ...]:
    """Return ``files_left`` without other files, of which a temporary one may be there."""
    return tuple(name for name in files_left(model_dir) if name != OTHER_FILES)


def _is_tensorflows(file: str) -> bool:
    return file.startswith(UNLISTED_FILES) or _TORN.search(file) is not None


def _canonical(file: str) -> str:
    match = _CHECKPOINT.fullmatch(file)
    if match is not None:
        return match[1]
    return file if file in LISTED_FILES else OTHER_FILES
