"""The enumeration of one player's schedules, those with the fewest switches first.

A schedule's *switches* are its choices other than the first candidate. A play shows
its choice points, and each candidate that it didn't take there is the last choice of
a schedule with one more switch: so every schedule is visited exactly once, without
remembering those that were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from parity.spec.schedules import Choice, Schedule, schedule_name

T = TypeVar("T")

Play = Callable[[Iterable[Schedule]], Iterable[tuple[T, Sequence[Choice]]]]
"""Plays schedules, which are independent of each other, and returns in their order the result
and the choice points of each."""


class UnsteadyError(Exception):
    """The same choices led to another choice point than before."""


@dataclass(frozen=True)
class Visit(Generic[T]):
    """A schedule that was played, and its result."""

    schedule: Schedule
    switches: int
    result: T


@dataclass(frozen=True)
class _Branch:
    """A schedule to visit, and the choice points that it is known to pass."""

    schedule: Schedule
    points: tuple[tuple[str, ...], ...]


class Search(Generic[T]):
    """A search that goes from one level of switches to the next, as long as it is asked to.

    Args:
        play: Plays schedules, the same one always in the same way.
    """

    def __init__(self, play: Play[T]) -> None:
        self._play = play
        self._level = [_Branch((), ())]
        self._next_level: list[_Branch] = []
        self.switches = 0
        """The number of switches in the schedules that are visited next."""
        self.visited = 0

    @property
    def waiting(self) -> int:
        """Number of known schedules that aren't visited yet; each may lead to more."""
        return len(self._level) + len(self._next_level)

    def visits(self, *, bound: int | None, limit: int | None) -> Iterator[Visit[T]]:
        """Visit schedules with up to ``bound`` switches, or all if None, and ``limit`` in total.

        A later call goes on where an earlier one stopped; don't use the earlier one after that.

        Raises:
            UnsteadyError: The same choices led to another choice point than before.
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
