"""Doing something each time that a file has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from monolith_hooks.clock import Clock

_LOOK_EVERY_SECONDS: Final = 0.5


def whenever_changed(path: Path, do: Callable[[], None], clock: Clock) -> None:
    """Do it now, and again whenever the file is another; ends by an exception alone.

    An editor may remove a file for a moment to put another in its place: one that
    isn't there is no change.
    """
    seen = None
    while True:
        found = _stamp(path)
        if found is not None and found != seen:
            seen = found  # Taken before the file is read, so that no change is missed.
            do()
        else:
            clock.sleep(_LOOK_EVERY_SECONDS)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
