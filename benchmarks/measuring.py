"""Ratios of two pieces of work, measured by turns, so that a busy machine slows both."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final

from parity.base.model import Model

Work = Callable[[], object]

ROUNDS: Final = 15
_TOLERANCE: Final = 1.25
"""How many times its last worst a ratio may be: machines differ by less, regressions rarely."""


class Ratio(Model):
    """The time of a subject as a multiple of that of its floor, over several rounds.

    Attributes:
        name: What was measured.
        floor: What it is a multiple of.
        seconds: Median real time of the floor.
        low: The ratio's first quartile.
        median: The ratio's median.
        high: The ratio's third quartile.
    """

    name: str
    floor: str
    seconds: float
    low: float
    median: float
    high: float


class Point(Model):
    """How long a piece of work of some size took, in real seconds: the quickest of its rounds."""

    size: int
    seconds: float


class Growth(Model):
    """How time grows with size."""

    name: str
    points: tuple[Point, ...]

    @property
    def exponent(self) -> float:
        """The slope of the line through the logarithms: 1 is linear."""
        sizes = [math.log(point.size) for point in self.points]
        times = [math.log(point.seconds) for point in self.points]
        return statistics.linear_regression(sizes, times).slope


class Bench(Model):
    """All that one run measured, and where."""

    machine: str
    versions: dict[str, str]
    ratios: tuple[Ratio, ...]
    growths: tuple[Growth, ...] = ()


def ratio(name: str, subject: Work, floor_name: str, floor: Work, rounds: int = ROUNDS) -> Ratio:
    """Measure by turns, after one round of each that isn't counted."""
    subject(), floor()
    pairs = [(seconds(subject), seconds(floor)) for _ in range(rounds)]
    low, median, high = statistics.quantiles([ours / bare for ours, bare in pairs], n=4)
    bare = statistics.median(bare for _, bare in pairs)
    return Ratio(name=name, floor=floor_name, seconds=bare, low=low, median=median, high=high)


def seconds(work: Work) -> float:
    """The real time that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def growth(
    name: str, work_of: Callable[[int], Work], sizes: Sequence[int], rounds: int = 2
) -> Growth:
    """Measure work of each size, the quickest of some rounds."""
    points = []
    for size in sizes:
        work = work_of(size)
        quickest = min(seconds(work) for _ in range(rounds))
        points.append(Point(size=size, seconds=quickest))
    return Growth(name=name, points=tuple(points))


def slower(last: Bench, now: Bench) -> list[str]:
    """What is slower than in the last run beyond what two runs differ by, a line each.

    A ratio is slower if the best quarter of its rounds is worse than the worst quarter was, with
    some room.
    """
    before = {each.name: each for each in last.ratios}
    return [
        f"{each.name}: {each.median:.2f} times {each.floor}, was {before[each.name].median:.2f}"
        for each in now.ratios
        if each.name in before and each.low > before[each.name].high * _TOLERANCE
    ]
