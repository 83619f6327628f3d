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
"""The allowed factor on a ratio's last value; machines differ by less, regressions mostly more."""


class Ratio(Model):
    """The time of a subject as a multiple of that of its floor, over several rounds.

    Attributes:
        name: The name of the subject.
        floor: The work that it is a multiple of.
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
    """The real seconds that work of some size took, in the quickest of its rounds."""

    size: int
    seconds: float


class Growth(Model):
    """The growth of time with size."""

    name: str
    points: tuple[Point, ...]

    @property
    def exponent(self) -> float:
        """Slope of the line through the logarithms; 1 is linear."""
        sizes = [math.log(point.size) for point in self.points]
        times = [math.log(point.seconds) for point in self.points]
        return statistics.linear_regression(sizes, times).slope


class Bench(Model):
    """Everything that one run measured, and the machine."""

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
    """Return the real time that the work takes, in seconds."""
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
    """Return a line for each ratio that is slower than in the last run by more than noise.

    A ratio is slower if the best quarter of its rounds is worse than the worst quarter was, with
    some room.
    """
    before = {each.name: each for each in last.ratios}
    return [
        f"{each.name}: {each.median:.2f} times {each.floor}, was {before[each.name].median:.2f}"
        for each in now.ratios
        if each.name in before and each.low > before[each.name].high * _TOLERANCE
    ]
