"""A lane: one thread under a virtual clock's control."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Literal

Condition = Callable[[], bool]
Fate = Literal["running", "returned", "died", "left"]

_MASK: Final = 2**64 - 1


class LaneLeftError(BaseException):
    """Ends a parked lane when the play is over; not an Exception, so that nothing swallows it."""


class Lane:
    """What the clock knows of one thread: its label, why it is parked, and how it ended.

    Everything but ``go`` is guarded by the clock's mutex, or touched by the lane
    that has the turn.
    """

    def __init__(self, label: str, twin: str | None = None) -> None:
        self.label: Final = label
        self.twin: Final = twin
        """Lanes with the same are interchangeable until they have had a turn."""
        self.thread: threading.Thread | None = None
        self.go: Final = threading.Event()
        """Set when the lane gets the turn, or is left."""
        self.deadline: int | None = None
        """Microseconds; None is never."""
        self.condition: Condition | None = None
        self.yields_to_all = False
        """Whether it sorts after every other lane that can go on at the same instant."""
        self.arrival = 0
        self.parks = 0
        self.fate: Fate = "running"
        self.error: BaseException | None = None

    @property
    def ended(self) -> bool:
        """Whether its thread is over, or will be without another turn."""
        return self.fate != "running"

    def ready_at(self, now: int) -> int | None:
        """When it can go on, in microseconds, if nothing else happens first."""
        if self.condition is not None and self.condition():
            return now
        return None if self.deadline is None else max(now, self.deadline)

    def tie_key(self, seed: int | None) -> int:
        """Its place among lanes that can go on at the same instant."""
        if seed is None:
            return self.arrival
        return splitmix64(seed ^ fnv1a64(self.label.encode()) ^ (self.parks - 1))

    def __repr__(self) -> str:
        if self.ended:
            return f"<Lane {self.label} {self.fate}>"
        until = "for ever" if self.deadline is None else f"until {self.deadline / 1e6} s"
        return f"<Lane {self.label} parked {until}{' or a condition' if self.condition else ''}>"


def fnv1a64(data: bytes) -> int:
    """The 64-bit FNV-1a hash."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & _MASK
    return value


def splitmix64(state: int) -> int:
    """One output of the SplitMix64 generator that is in ``state``."""
    z = (state + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
