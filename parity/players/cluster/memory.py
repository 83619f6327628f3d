"""Memory as the kernel accounts for it, and ballast that takes memory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

_PAGE: Final = 1 << 12
_RSS: Final = re.compile(rb"^VmRSS:\s*(\d+) kB$", re.MULTILINE)
_AVAILABLE: Final = re.compile(rb"^MemAvailable:\s*(\d+) kB$", re.MULTILINE)


def resident_bytes(pid: int | str = "self") -> int:
    """Return the resident memory of a process."""
    return _kilobytes(_RSS, f"/proc/{pid}/status") * 1024


def available_bytes() -> int:
    """Return the memory that this machine has available."""
    return _kilobytes(_AVAILABLE, "/proc/meminfo") * 1024


class Ballast:
    """Memory that a process allocates only to have it."""

    def __init__(self) -> None:
        self._grown: list[np.ndarray] = []
        self._allocated: list[np.ndarray] = []

    def grow_to(self, resident: int) -> None:
        """Grow or shrink the ballast until the resident memory is this much or slightly more.

        It can't be less than the process's memory without the ballast.
        """
        self._grown.clear()
        while (missing := resident - resident_bytes()) > 0:
            self._grown.append(_touched(missing))

    def allocate(self, size: int) -> None:
        """Allocate this much more memory for good."""
        self._allocated.append(_touched(size))


def _touched(size: int) -> np.ndarray:
    """Return new memory of which every page is resident."""
    return np.ones(max(size, _PAGE), np.uint8)


def _kilobytes(line: re.Pattern[bytes], path: str) -> int:
    """Return the value of the last such line, as a process's name may contain another one."""
    found = line.findall(Path(path).read_bytes())
    assert found, f"{path} has such a line"
    return int(found[-1])
