"""Enumerates the schedules of one player, those with the fewest switches first.

A schedule's *switches* are its choices other than the first candidate. A play shows
its choice points, and each candidate that it didn't take there is the last choice of
a schedule with one switch more: so every schedule is visited exactly once, and
nothing needs to be remembered of those that were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from parity.spec.schedules import Choice, Schedule, schedule_name

T = TypeVar("T")

Play = Callable[[Iterable[Schedule]], Iterable[tuple[T, Sequence[Choice]]]]
"""Plays schedules, which don't depend on each other; gives in their order what came of each, and
where it had a choice."""


class UnsteadyError(Exception):
    """The same choices led to another choice point than before."""


@dataclass(frozen=True)
class Visit(Generic[T]):
    """A schedule that was played, and what came of it."""

    schedule: Schedule
    switches: int
    result: T


@dataclass(frozen=True)
class _Branch:
    """A schedule to visit, and the choice points that it is known to pass."""

    schedule: Schedule
    points: tuple[tuple[str, ...], ...]


class Search(Generic[T]):
    """Goes on from level to level of switches, as long as it is asked to.

    Args:
        play: plays schedules; the same one always the same way.
    """

    def __init__(self, play: Play[T]) -> None:
        self._play = play
        self._level = [_Branch((), ())]
        self._next_level: list[_Branch] = []
        self.switches = 0
        """How many switches the schedules have that are visited next."""
        self.visited = 0

    @property
    def waiting(self) -> int:
        """The number of schedules known and not visited; each may lead to more."""
        return len(self._level) + len(self._next_level)

    def visits(self, *, bound: int | None, limit: int | None) -> Iterator[Visit[T]]:
        """Visit schedules with up to ``bound`` switches, ``limit`` in all; None is no end.

        A later call goes on where an earlier one was left, which mustn't be used any more.

        Raises:
            UnsteadyError: a schedule didn't lead where it led before.
        """
        while self.waiting:
            if not self._level:
                self._level, self._next_level = self._next_level[::-1], []
                self.switches += 1
            if bound is not None and self.switches > bound:
                return
            left = len(self._level) if limit is None else limit - self.visited
            if left <= 0:
                return
            branches = self._level[: -left - 1 : -1]
            played = self._play(branch.schedule for branch in branches)
            for branch, (result, choices) in zip(branches, played, strict=True):
                taken = self._level.pop()
                assert taken is branch, "one iterator of visits at a time"
                yield self._visit(branch, result, choices)

    def _visit(self, branch: _Branch, result: T, choices: Sequence[Choice]) -> Visit[T]:
        self.visited += 1
        points = tuple(choice.candidates for choice in choices)
        if points[: len(branch.points)] != branch.points:
            raise UnsteadyError(
                f"{schedule_name(branch.schedule)} came to other choice points than the schedule "
                "that it was made from, though it takes the same until its last choice"
            )
        taken = tuple(choice.taken for choice in choices)
        for k in range(len(branch.schedule), len(choices)):
            for other in range(1, len(points[k])):
                self._next_level.append(_Branch((*taken[:k], other), points[: k + 1]))
        return Visit(branch.schedule, self.switches, result)
