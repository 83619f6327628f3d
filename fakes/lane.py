"""A lane: one thread under a virtual clock's control."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Literal

Condition = Callable[[], bool]
Fate = Literal["running", "returned", "died", "left"]

_MASK: Final = 2**64 - 1


class LaneLeftError(BaseException):
    """The run has ended, so that a parked lane stops here.

    It isn't an Exception, so that no handler swallows it.
    """


class Lane:
    """State of one thread under the clock: its label, why it is parked, and how it ended.

    Everything except ``go`` is guarded by the clock's mutex, or used only by the lane
    that has the turn.
    """

    def __init__(self, label: str, twin: str | None = None) -> None:
        self.label: Final = label
        self.twin: Final = twin
        """Lanes with the same twin are interchangeable until they have had a turn."""
        self.thread: threading.Thread | None = None
        self.go: Final = threading.Event()
        """Set when the lane gets the turn, or is abandoned."""
        self.deadline: int | None = None
        """In microseconds; None is never."""
        self.condition: Condition | None = None
        self.yields_to_all = False
        """True if it sorts after every other lane that can run at the same instant."""
        self.arrival = 0
        self.parks = 0
        self.fate: Fate = "running"
        self.error: BaseException | None = None

    @property
    def ended(self) -> bool:
        """True once its thread has ended, or will end without another turn."""
        return self.fate != "running"

    def ready_at(self, now: int) -> int | None:
        """Return when it can run, in microseconds, if nothing else happens first."""
        if self.condition is not None and self.condition():
            return now
        return None if self.deadline is None else max(now, self.deadline)

    def tie_key(self, seed: int | None) -> int:
        """Return its sort key among lanes that can run at the same instant."""
        if seed is None:
            return self.arrival
        return splitmix64(seed ^ fnv1a64(self.label.encode()) ^ (self.parks - 1))

    def __repr__(self) -> str:
        if self.ended:
            return f"<Lane {self.label} {self.fate}>"
        until = "for ever" if self.deadline is None else f"until {self.deadline / 1e6} s"
        return f"<Lane {self.label} parked {until}{' or a condition' if self.condition else ''}>"


def fnv1a64(data: bytes) -> int:
    """Return the 64-bit FNV-1a hash."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & _MASK
    return value


def splitmix64(state: int) -> int:
    """Return the next output of a SplitMix64 generator in state ``state``."""
    z = (state + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
