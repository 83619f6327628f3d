"""Memory, as the kernel accounts for it, and memory to have."""

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
    """What this machine could still give."""
    return _kilobytes(_AVAILABLE, "/proc/meminfo") * 1024


class Ballast:
    """Memory that a process has for no other reason than to have it."""

    def __init__(self) -> None:
        self._grown: list[np.ndarray] = []
        self._allocated: list[np.ndarray] = []

    def grow_to(self, resident: int) -> None:
        """Have this much resident memory, or a little more; less than there is without can't be."""
        self._grown.clear()
        while (missing := resident - resident_bytes()) > 0:
            self._grown.append(_touched(missing))

    def allocate(self, size: int) -> None:
        """Have this much more, for good."""
        self._allocated.append(_touched(size))


def _touched(size: int) -> np.ndarray:
    """New memory of which every page is really there."""
    return np.ones(max(size, _PAGE), np.uint8)


def _kilobytes(line: re.Pattern[bytes], path: str) -> int:
    """By the last such line: a process's name, which comes first, may be any bytes."""
    found = line.findall(Path(path).read_bytes())
    assert found, f"{path} has such a line"
    return int(found[-1])
