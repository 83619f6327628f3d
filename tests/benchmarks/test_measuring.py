"""Ratios and growth are what they say, and a noisy run is not called slower."""

from __future__ import annotations

import pytest

from benchmarks import measuring
from benchmarks.measuring import Bench, Growth, Point, Ratio, growth, ratio, slower


class Stopwatch:
    """A clock that work moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def taking(self, *seconds):
        """Work that takes these times, by turns."""
        times = [*seconds]

        def work():
            times.append(times.pop(0))
            self.now += times[-1]

        return work


@pytest.fixture
def stopwatch(monkeypatch):
    watch = Stopwatch()
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: watch.now)
    return watch


def test_a_ratio_is_that_of_neighbours_so_that_a_slow_machine_slows_both(stopwatch):
    found = ratio("ours", stopwatch.taking(2, 20, 4), "theirs", stopwatch.taking(1, 10, 2))
    assert (found.low, found.median, found.high) == (2, 2, 2)


@pytest.mark.parametrize("power", [1, 2])
def test_an_exponent_tells_linear_from_square(stopwatch, power):
    found = growth("it", lambda size: stopwatch.taking(size**power), (10, 100, 1000))
    assert found.exponent == pytest.approx(power)


def test_growth_takes_the_quickest_round(stopwatch):
    found = growth("it", lambda size: stopwatch.taking(3, 1), (10,))
    assert found.points == (Point(size=10, seconds=1),)


def bench(*ratios):
    return Bench(machine="m", versions={}, ratios=ratios, growths=(Growth(name="g", points=()),))


def of(low, median, high, name="a poll"):
    return Ratio(name=name, floor="a fetch", seconds=1, low=low, median=median, high=high)


LAST = bench(of(1.4, 1.6, 2.0))


@pytest.mark.parametrize("now", [of(1.4, 1.6, 2.0), of(2.4, 2.9, 9.0), of(0.1, 0.1, 0.1)])
def test_what_is_within_the_spread_of_two_runs_is_not_slower(now):
    assert slower(LAST, bench(now)) == []


def test_what_is_beyond_it_is_named_with_both_figures():
    assert slower(LAST, bench(of(2.6, 3.0, 3.1))) == ["a poll: 3.00 times a fetch, was 1.60"]


def test_what_is_measured_for_the_first_time_is_not_slower():
    assert slower(LAST, bench(of(9, 9, 9, name="a call"))) == []
