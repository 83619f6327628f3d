"""The table of pairs: which operations meet, where they do, and why others can't."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from parity.search.pairs.operations import ARRIVALS, UNDER_WAY, Arrival, UnderWay

Position = Literal["during", "at_its_end"]

REASONS: Final = {
    "same lane": "both run on the chief's lane",
    "same thread": "both are of one health thread, which reports once at most",
    "no step follows": "only a step of the chief looks at the flag, and none follows",
    "no session": "the session is gone, and with it the threads and lanes that use it",
    "set already": "the flag is set already, and is never cleared",
    "nothing shared": "they share neither a lock, a lane nor a value",
}
"""Why two operations can't meet."""

_APART: Final[dict[str, dict[str, str]]] = {
    "slow_stop": {
        "timer": "nothing shared",
        "controllers_save": "nothing shared",
        "action_file": "nothing shared",
    },
    "scheduled_save": {
        "train": "same lane",
        "end": "same lane",
    },
    "exit_save": {
        "controllers_stop": "no step follows",
        "controllers_save": "no step follows",
        "timer": "nothing shared",
        "train": "same lane",
        "end": "same lane",
    },
    "slow_poll": {
        "alarm": "same thread",
        "timer": "nothing shared",
        "action_file": "nothing shared",
        "controllers_save": "nothing shared",
    },
    "controllers_stop": {
        "controllers_stop": "set already",
        "timer": "nothing shared",
        "train": "same lane",
        "end": "same lane",
    },
    "held_worker": {
        "timer": "nothing shared",
        "controllers_save": "nothing shared",
        "action_file": "nothing shared",
    },
    "workers_step": {
        "timer": "nothing shared",
        "block_status": "nothing shared",
        "training_status": "nothing shared",
    },
    "closed_session": {
        "alarm": "no session",
        "worker": "no session",
        "controllers_stop": "no session",
        "controllers_save": "no session",
        "action_file": "no session",
        "timer": "no session",
        "train": "no session",
        "end": "no session",
    },
}

_AT_ITS_END: Final[dict[str, tuple[str, ...]]] = {
    "slow_stop": ("stop", "resume", "alarm", "worker"),
    "slow_save": ("save", "controllers_save", "train", "end"),
    "scheduled_save": ("save",),
    "slow_poll": ("stop", "resume", "worker", "controllers_stop", "end"),
    "controllers_stop": ("stop", "resume", "worker"),
    "held_worker": ("resume",),
    "listeners_wait": ("stop", "resume", "save", "worker"),
}
"""The pairs in which what arrives at the very end meets a lock or a wait."""


@dataclass(frozen=True)
class Pair:
    """Two operations that meet, and where the second one stands in the first."""

    under_way: UnderWay
    arrival: Arrival
    position: Position

    @property
    def name(self) -> str:
        """Name of its scenario."""
        return f"{self.under_way.name}_then_{self.arrival.name}_{self.position}"

    @property
    def offset(self) -> int:
        """Milliseconds from the beginning of the first to the second."""
        takes = self.under_way.takes
        return takes if self.position == "at_its_end" else takes // 2


def why_apart(under_way: UnderWay, arrival: Arrival) -> str | None:
    """Return the key in ``REASONS`` if the two can't meet, or None if they can."""
    return _APART.get(under_way.name, {}).get(arrival.name)


def positions(under_way: UnderWay, arrival: Arrival) -> tuple[Position, ...]:
    """Return the positions in which the two meet."""
    if why_apart(under_way, arrival) is not None:
        return ()
    at_its_end = arrival.name in _AT_ITS_END.get(under_way.name, ())
    return ("during", "at_its_end") if at_its_end else ("during",)


def pairs() -> tuple[Pair, ...]:
    """Return every pair."""
    return tuple(
        Pair(under_way, arrival, position)
        for under_way in UNDER_WAY
        for arrival in ARRIVALS
        for position in positions(under_way, arrival)
    )
