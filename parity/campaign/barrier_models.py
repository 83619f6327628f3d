"""Plain models of the barrier, and a history's operations on it.

A model's state is the set of those who hold the barrier. In that of the original there is one
holder, whoever places it, and each removal is for all. In the other each has a hold of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Final

from parity.campaign.history import History, MadeCall
from parity.campaign.linearizability import NEVER, Operation

Holders = frozenset[str]
Barrier = Operation[Holders]
Effect = Callable[[Holders], Holders | None]

NOBODY: Final[Holders] = frozenset()
_ANYBODY: Final = "anybody"
_UNNAMED: Final = ""
"""Holds what was placed by a call that failed after that."""
_SHOWN: Final = 80


class BarrierModel:
    """What each operation does to the holders.

    Args:
        has_holders: True if each holder has a hold of its own, as by `HeldBarrier`.
    """

    def __init__(self, *, has_holders: bool) -> None:
        self._has_holders = has_holders

    def operations(self, history: History) -> list[Barrier]:
        """Return the operations of a history, those that nobody called included."""
        return [*self._calls(history), *self._alarms(history), *_clearings(history)]

    def _calls(self, history: History) -> Iterator[Barrier]:
        for call in history.calls:
            if call.outcome == "failed":
                continue
            name = f"{call.operator}: {call.call} {call.outcome} {call.said}".rstrip()[:_SHOWN]
            certain = call.outcome != "unknown"
            returned = call.returned if certain else NEVER

            def may(name: str, effect: Effect, call: MadeCall = call) -> Barrier:
                return Barrier(name, call.invoked, NEVER, effect, certain=False)

            match call.call:
                case "stop" if call.outcome == "refused":
                    yield Barrier(name, call.invoked, returned, self._refuses("operator"))
                case "stop":
                    places = self._places("operator")
                    yield Barrier(name, call.invoked, returned, places, certain)
                    if not certain:
                        yield may(name, self._places(_UNNAMED))
                case "resume":
                    removes = self._removes("operator", "ps_health", _UNNAMED)
                    yield Barrier(name, call.invoked, returned, removes, certain)
                case "look" if call.blocked is not None:
                    placed = 0 in call.blocked
                    name = f"{call.operator}: look saw {'placed' if placed else 'not placed'}"
                    yield Barrier(name, call.invoked, returned, _sees(placed=placed))
                case "save":
                    yield from self._save(call, returned)
                    if not certain:
                        yield may(name, self._places(_UNNAMED))
                case _:
                    pass

    def _save(self, call: MadeCall, returned: int) -> Iterator[Barrier]:
        """Yield what a save may do: it holds the workers, and lets them go."""
        places = self._places("save")
        removes = self._removes("save")
        # A save that failed once is tried again; the second try finds the barrier placed.
        yield Barrier(f"{call.operator}'s save holds", call.invoked, returned, places, False)
        yield Barrier(f"{call.operator}'s save lets go", call.invoked, returned, removes, False)

    def _alarms(self, history: History) -> Iterator[Barrier]:
        """Yield what alarms may do: one places the barrier after its report, some time."""
        places = self._places("ps_health")
        for each in history.happened:
            if each.what == "report":
                yield Barrier(f"alarm of PS {each.ps}", each.at, NEVER, places, False)

    def _places(self, holder: str) -> Effect:
        mine = holder if self._has_holders else _ANYBODY
        return lambda holders: None if mine in holders else holders | {mine}

    def _refuses(self, holder: str) -> Effect:
        mine = holder if self._has_holders else _ANYBODY
        return lambda holders: holders if mine in holders else None

    def _removes(self, *holders: str) -> Callable[[Holders], Holders]:
        mine = frozenset(holders if self._has_holders else (_ANYBODY,))
        return lambda before: before - mine


def _sees(*, placed: bool) -> Effect:
    return lambda holders: holders if bool(holders) == placed else None


def new_sessions(history: History) -> list[tuple[int, int]]:
    """Return when each session of the chief but the first began: from its cause to its creation.

    It begins with a barrier that nobody holds.
    """
    created = [each.at for each in history.happened if each.what == "session"]
    return [(_cause(history, before, at), at) for before, at in itertools.pairwise(created)]


def _cause(history: History, before: int, at: int) -> int:
    """Return the beginning of the earliest fault that may have led to the session created then."""
    causes = [
        max(fault.began, before)
        for fault in history.faults
        if fault.began <= at and fault.fault.trouble != "memory"
    ]
    return min(causes, default=before)


def _clearings(history: History) -> Iterator[Barrier]:
    for since, at in new_sessions(history):
        yield Barrier("a new session clears it", since, at, lambda _: NOBODY, certain=False)
