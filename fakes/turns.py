"""Choice of the next lane to run: by arrival, by a seed, or by a schedule.

The rules are in docs/virtual-time.md; the Rust port's clock follows the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fakes.lane import Lane


class ScheduleError(RuntimeError):
    """A schedule takes a candidate that doesn't exist."""


@dataclass(frozen=True)
class Choice:
    """A choice point: the labels of the lanes that could run, and the index of the one that did."""

    candidates: tuple[str, ...]
    taken: int


class Turns:
    """Chooses the next lane to run, and records its choices if it follows a schedule.

    Args:
        seed: Breaks ties; None is the order of arrival.
        schedule: The candidate to take at each choice point, 0 once it is used up. Without
            a schedule nothing is recorded, and no lane can be overtaken before a lock.
    """

    def __init__(self, seed: int | None, schedule: Sequence[int] | None) -> None:
        if seed is not None and schedule is not None:
            raise ValueError("expected a seed or a schedule, got both")
        self._seed: Final = seed
        self._schedule: Final = schedule
        self.choices: list[Choice] = []

    def next(self, parked: Iterable[Lane], now: int) -> tuple[int, Lane] | None:
        """Return the next instant and the lane that runs then; None if no lane ever can.

        Raises:
            ScheduleError: The schedule takes a candidate that doesn't exist.
        """
        ready = [(at, lane) for lane in parked if (at := lane.ready_at(now)) is not None]
        if not ready:
            return None
        instant = min(at for at, _ in ready)
        lanes = [lane for at, lane in ready if at == instant]
        lanes = [lane for lane in lanes if not lane.yields_to_all] or lanes
        if self._schedule is None:
            return instant, min(lanes, key=lambda lane: (lane.tie_key(self._seed), lane.arrival))
        return instant, self._choose(sorted(lanes, key=lambda lane: lane.arrival))

    def overtaking(self, lane: Lane, parked: Iterable[Lane], now: int) -> Lane | None:
        """Return the lane that runs before ``lane`` takes a lock, or None.

        Only a schedule lets another lane run first. It is the one place where a lane that
        could keep the turn may lose it, so that work done outside the lock can be interleaved.

        Raises:
            ScheduleError: The schedule takes a candidate that doesn't exist.
        """
        if self._schedule is None:
            return None
        others = [
            other for other in parked if not other.yields_to_all and other.ready_at(now) == now
        ]
        chosen = self._choose([lane, *sorted(others, key=lambda other: other.arrival)])
        return None if chosen is lane else chosen

    def _choose(self, lanes: Sequence[Lane]) -> Lane:
        candidates = _without_twins(lanes)
        if len(candidates) == 1:
            return candidates[0]
        assert self._schedule is not None
        k = len(self.choices)
        taken = self._schedule[k] if k < len(self._schedule) else 0
        labels = tuple(lane.label for lane in candidates)
        if not 0 <= taken < len(candidates):
            raise ScheduleError(
                f"choice {k} of the schedule: expected a candidate from 0 to "
                f"{len(candidates) - 1}, got {taken} (of {', '.join(labels)})"
            )
        self.choices.append(Choice(labels, taken))
        return candidates[taken]


def _without_twins(lanes: Sequence[Lane]) -> list[Lane]:
    """Return the lanes without duplicates: of interchangeable lanes the first."""
    seen: set[str] = set()
    kept = []
    for lane in lanes:
        twin = lane.twin if lane.parks == 1 else None
        if twin is None or twin not in seen:
            kept.append(lane)
        if twin is not None:
            seen.add(twin)
    return kept
