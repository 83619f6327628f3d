"""The model directory of a run, in TMPDIR, with a check of its free space."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from parity.base.problems import OutputError

_ROOM_BYTES: Final = 1 << 20
"""More than the largest save of any scenario."""
_NOT_SAID: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
"""Errors of file systems that can't reserve space."""


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
