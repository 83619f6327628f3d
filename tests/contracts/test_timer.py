"""The saver's timer against a model of a few lines, and at each edge of its tide."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.clock import NANOSECONDS, SystemClock
from monolith_hooks.save_timer import SecondOrStepTimerWithTideSetting
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook

MINUTE = 60 * NANOSECONDS
DAY = 24 * 60
LONG, SHORT = 4000, 10
"""Two intervals in seconds, of which one has passed after ``BETWEEN`` and one hasn't."""
BETWEEN = 1000

Time = tuple[int, int | None]
"""Hour and minute."""

TIDES: list[tuple[Time, Time]] = [
    ((0, None), (1, None)),
    ((0, 0), (0, 1)),
    ((0, 30), (1, 0)),
    ((0, 0), (24, 0)),
    ((9, 0), (17, 30)),
    ((9, 59), (10, 1)),
    ((12, None), (12, 30)),
    ((12, 15), (13, None)),
    ((23, 59), (24, 0)),
    ((0, 1), (0, None)),
    ((0, 0), (0, 0)),
    ((12, 30), (12, 30)),
    ((12, 30), (12, 29)),
    ((22, 0), (6, 0)),
    ((23, 0), (0, 0)),
]


class SetClock(SystemClock):
    """A clock that shows what it is set to."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return self.ns


@dataclass(frozen=True)
class Hours:
    """A tide as the behaviour page has it."""

    start: int
    end: int

    def is_on(self, ns: int) -> bool:
        always = not self.start < self.end
        return always or self.start <= ns // MINUTE % DAY < self.end


def hours(start: Time, end: Time) -> Hours:
    return Hours(start[0] * 60 + (start[1] or 0), end[0] * 60 + (end[1] or 0))


def edges(tide: Hours) -> list[int]:
    """Times at and around each edge, as nanoseconds since the epoch, of an early and a late day."""
    minutes = {0, 1, 59, 60, 61, 719, 720, DAY - 60, DAY - 1}
    minutes |= {minute + by for minute in (tide.start, tide.end) for by in (-1, 0, 1)}
    days = (1, 20_000)
    times = [(day * DAY + minute) * MINUTE for day in days for minute in minutes]
    return sorted(time + by for time in times for by in (-1, 0, 1))


@pytest.mark.covers("B76b", "B76c", "B76d")
@pytest.mark.parametrize(("start", "end"), TIDES)
@pytest.mark.parametrize(("within", "outside"), [(SHORT, LONG), (LONG, SHORT)])
def test_each_minute_belongs_to_the_tide_or_not(start, end, within, outside):
    clock, tide = SetClock(), hours(start, end)
    timer = SecondOrStepTimerWithTideSetting(
        within, None, *start, *end, tide_every_secs=outside, clock=clock
    )
    for time in edges(tide):
        clock.ns = time - BETWEEN * NANOSECONDS
        timer.update_last_triggered_step(1)
        clock.ns = time
        due_soon = within if tide.is_on(time) else outside
        assert timer.should_trigger_for_step(2) == (due_soon == SHORT), time / MINUTE % DAY


@pytest.mark.covers("B76b")
@pytest.mark.parametrize(("start", "end"), TIDES)
def test_steps_matter_in_the_tide_and_not_outside_it(start, end):
    clock, tide = SetClock(), hours(start, end)
    timer = SecondOrStepTimerWithTideSetting(
        None, 5, *start, *end, tide_every_secs=LONG, clock=clock
    )
    for time in edges(tide):
        clock.ns = time - BETWEEN * NANOSECONDS
        timer.update_last_triggered_step(10)
        clock.ns = time
        due = [timer.should_trigger_for_step(step) for step in (10, 14, 15, 16)]
        assert due == ([False, False, True, True] if tide.is_on(time) else [False] * 4)


@pytest.mark.covers("B76a")
@pytest.mark.parametrize("missing", ["start", "end", "interval"])
@pytest.mark.parametrize("minute", [0, 30, None])
def test_a_tide_without_an_hour_or_its_interval_is_none(missing, minute):
    clock = SetClock()
    options: dict[str, Any] = {
        "tide_start_hour": None if missing == "start" else 0,
        "tide_end_hour": None if missing == "end" else 1,
        "tide_every_secs": None if missing == "interval" else SHORT,
        "tide_start_minute": minute,
        "tide_end_minute": minute,
    }
    timer = SecondOrStepTimerWithTideSetting(LONG, clock=clock, **options)
    for hour in range(24):
        clock.ns = hour * 60 * MINUTE
        timer.update_last_triggered_step(1)
        clock.ns += LONG * NANOSECONDS - 1
        assert not timer.should_trigger_for_step(2)
        clock.ns += 1
        assert timer.should_trigger_for_step(2)


@pytest.mark.covers("B76a")
def test_the_saver_hook_gives_its_timer_each_part_of_the_tide(tmp_path):
    clock = SetClock()
    with tf.Graph().as_default():
        hook = NoFirstSaveCheckpointSaverHook(
            str(tmp_path),
            save_secs=LONG,
            tide_start_hour=0,
            tide_start_minute=10,
            tide_end_hour=1,
            tide_end_minute=20,
            tide_save_secs=SHORT,
            clock=clock,
        )
    is_on = []
    for minute in range(DAY):
        clock.ns = (DAY + minute) * MINUTE - BETWEEN * NANOSECONDS
        hook.timer.update_last_triggered_step(1)
        clock.ns = (DAY + minute) * MINUTE
        is_on.append(not hook.timer.should_trigger_for_step(2))
    flips = [at for at, (was, now) in enumerate(pairwise(is_on), 1) if was != now]
    assert (flips, is_on[10]) == ([10, 80], True)


@pytest.mark.parametrize("interval", [1, 1.5, 0.001, 30, 90.25, 3600, 86_400, 10**6])
def test_an_interval_is_over_at_its_end_and_not_before(interval):
    clock = SetClock()
    timer = SecondOrStepTimerWithTideSetting(interval, clock=clock)
    for start in (0, 1, MINUTE, 20_000 * DAY * MINUTE + 7):
        clock.ns = start
        timer.update_last_triggered_step(0)
        clock.ns = start + round(interval * NANOSECONDS) - 1
        assert not timer.should_trigger_for_step(1)
        clock.ns += 1
        assert timer.should_trigger_for_step(1)


class Model:
    """What a timer does, in few words: it remembers, and can be disabled."""

    def __init__(self, secs: int | None, steps: int | None, tide: Hours | None) -> None:
        self.secs, self.steps, self.tide = secs, steps, tide
        self.enabled = True
        self.last: tuple[int, int] | None = None

    def is_due(self, step: int, ns: int) -> bool:
        if not self.enabled:
            return False
        if self.last is None:
            return True
        last_step, last_ns = self.last
        if step == last_step:
            return False
        outside = self.tide is not None and not self.tide.is_on(ns)
        secs = SHORT if outside else self.secs
        if secs is not None:
            return ns - last_ns >= secs * NANOSECONDS
        assert self.steps is not None
        return step - last_step >= self.steps


@pytest.mark.covers("B76b", "B76d")
@pytest.mark.parametrize(("secs", "steps"), [(60, None), (None, 3), (7, None), (None, 1)])
@pytest.mark.parametrize("tide", [None, ((0, 0), (0, 2)), ((23, 58), (24, 0)), ((1, 0), (0, 1))])
def test_a_timer_does_what_the_model_does_in_any_sequence(secs, steps, tide):
    chance = random.Random(str((secs, steps, tide)))
    for _ in range(20):
        clock = SetClock()
        clock.ns = (chance.randrange(3) * DAY + chance.randrange(DAY - 3, DAY + 3)) * MINUTE
        times = (None,) * 4 if tide is None else (*tide[0], *tide[1])
        timer = SecondOrStepTimerWithTideSetting(
            secs, steps, *times, tide_every_secs=SHORT, clock=clock
        )
        model = Model(secs, steps, None if tide is None else hours(*tide))
        step = 0
        for _ in range(40):
            match chance.randrange(8):
                case 0:
                    timer.reset()
                    model.last = None
                case 1:
                    timer.enable()
                    model.enabled = True
                case 2:
                    timer.disable()
                    model.enabled = False
                case 3 | 4:
                    clock.ns += chance.choice([1, 3, 10, 60, 3600]) * NANOSECONDS
                case 5:
                    step += chance.choice([-1, 0, 1, 1, 2, 3])
                case _:
                    timer.update_last_triggered_step(step)
                    model.last = step, clock.ns
            due = [timer.should_trigger_for_step(step + by) for by in (-1, 0, 1, 3)]
            assert due == [model.is_due(step + by, clock.ns) for by in (-1, 0, 1, 3)]
            assert timer.enabled == model.enabled
            assert timer.last_triggered_step() == (model.last[0] if model.last else None)
