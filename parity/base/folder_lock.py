"""A lock on a folder of results, so that two runs don't write into it at the same time.

Concurrency. A process that writes reports or state into a folder holds the lock from before
it reads the folder until everything is written. The lock is the operating system's (flock),
on a file in the folder: it ends with the process, however that ends. Processes that the
holder starts don't have the lock, as Python's descriptors aren't inherited. The file stays;
its process id is valid only while the lock is held. Readers take no lock: they find whole
files, or a report that is marked as truncated by its missing footer.
"""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from parity.base.files import make_folder, remove_leftovers, writing
from parity.base.problems import FolderHeldError, OutputError, UsageError

LOCK: Final = ".lock"
_LONGEST_PID: Final = 20


@contextmanager
def held(folder: Path, option: str) -> Iterator[None]:
    """Hold the folder's lock during the block; create the folder if it doesn't exist.

    Args:
        folder: The folder of results.
        option: The option that chooses another folder, such as ``--report``.

    Raises:
        UsageError: The path can't be a folder.
        OutputError: Nothing can be written there, or another run holds the lock.
    """
    try:
        lock = _taken(folder)
    except UsageError as error:
        raise UsageError(f"{error}; choose another one with {option}") from None
    except OutputError as error:
        raise OutputError(f"{error} with {option}") from None
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def first_free(folder: Path) -> Iterator[Path]:
    """Hold the first of the folders ``process-1``, ``process-2``, ... that nobody else holds.

    So that what one process has built there is used again by the next.

    Raises:
        UsageError: The path can't be a folder.
        OutputError: Nothing can be written there.
    """
    for number in itertools.count(1):
        own = folder / f"process-{number}"
        try:
            lock = _taken(own)
        except FolderHeldError:
            continue
        try:
            yield own
        finally:
            os.close(lock)
        return


def _taken(folder: Path) -> int:
    """Take the folder's lock, and return the descriptor that holds it."""
    make_folder(folder)
    with writing(folder):
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with writing(folder):
            _take(lock, folder)
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
        remove_leftovers(folder)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _take(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(lock, _LONGEST_PID, 0).decode("ascii", "replace")
        by = f"process {pid}" if pid.isdecimal() else "another process"
        raise FolderHeldError(
            f"{folder}: {by} is writing there; wait for it to end, or choose another folder"
        ) from None
