from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monolith_hooks.save_timer import SecondOrStepTimerWithTideSetting

HOUR = 3600


def test_the_timer_is_due_once_for_a_step_and_after_its_interval(play, clock):
    def main():
        timer = SecondOrStepTimerWithTideSetting(10, clock=clock)
        assert timer.should_trigger_for_step(0)
        timer.update_last_triggered_step(0)
        assert not timer.should_trigger_for_step(0)
        clock.sleep(10)
        assert not timer.should_trigger_for_step(0), "not twice for one step"
        assert timer.should_trigger_for_step(4)
        timer.update_last_triggered_step(4)
        assert timer.last_triggered_step() == 4

    play(main)


DAY = {"tide_start_hour": 9, "tide_end_hour": 17, "tide_end_minute": 30, "tide_every_secs": 7200}
"""On from 9:00 to 17:30."""


@pytest.mark.covers("B76b")
def test_within_the_tide_it_goes_by_its_own_interval_and_outside_by_the_tides(play, clock):
    def main():
        timer = SecondOrStepTimerWithTideSetting(600, clock=clock, **DAY)
        timer.update_last_triggered_step(0)
        clock.sleep(7199)
        assert not timer.should_trigger_for_step(1), "it is night, and two hours aren't over"
        clock.sleep(1)
        assert timer.should_trigger_for_step(1)
        clock.sleep(7 * HOUR - 60)
        timer.update_last_triggered_step(1)
        clock.sleep(59)
        assert not timer.should_trigger_for_step(2)
        clock.sleep(541)
        assert timer.should_trigger_for_step(2), "ten minutes, of which nine are in the tide"

    play(main)


@pytest.mark.covers("B76b", "B76c")
@pytest.mark.parametrize(
    ("seconds", "is_on"),
    [(9 * HOUR - 1, False), (9 * HOUR, True), (17.5 * HOUR - 1, True), (17.5 * HOUR, False)],
)
def test_its_first_minute_is_in_the_tide_and_its_last_is_not(play, clock, seconds, is_on):
    def main():
        timer = SecondOrStepTimerWithTideSetting(every_steps=1, clock=clock, **DAY)
        clock.sleep(seconds)
        timer.update_last_triggered_step(0)
        assert timer.should_trigger_for_step(1) is is_on, "steps count in the tide alone"

    play(main)


@pytest.mark.covers("B76a")
@pytest.mark.parametrize("missing", ["tide_start_hour", "tide_end_hour", "tide_every_secs"])
def test_a_tide_that_is_not_whole_is_none(play, clock, missing):
    def main():
        timer = SecondOrStepTimerWithTideSetting(
            every_steps=1, clock=clock, **{**DAY, missing: None}
        )
        timer.update_last_triggered_step(0)
        assert timer.should_trigger_for_step(1)

    play(main)


@pytest.mark.covers("B76d")
@given(start=st.integers(0, 23), end=st.integers(0, 23), hour=st.integers(0, 23))
def test_a_tide_that_does_not_start_before_its_end_is_always_on(start, end, hour):
    class At:
        def now_ns(self) -> int:
            return hour * HOUR * 10**9

    timer = SecondOrStepTimerWithTideSetting(None, 1, start, None, end, None, 10**6, clock=At())
    timer.update_last_triggered_step(0)
    assert timer.should_trigger_for_step(1) is (start >= end or start <= hour < end)


def test_an_infinite_interval_never_ends(play, clock):
    def main():
        timer = SecondOrStepTimerWithTideSetting(math.inf, clock=clock)
        assert timer.should_trigger_for_step(0)
        timer.update_last_triggered_step(0)
        clock.sleep(10 * 365 * 24 * HOUR)
        assert not timer.should_trigger_for_step(1)

    play(main)


@pytest.mark.covers("B76a")
def test_an_interval_of_0_outside_the_tide_is_given_and_always_over(play, clock):
    def main():
        timer = SecondOrStepTimerWithTideSetting(600, clock=clock, **{**DAY, "tide_every_secs": 0})
        timer.update_last_triggered_step(0)
        assert timer.should_trigger_for_step(1)
        clock.sleep(9 * HOUR)
        timer.update_last_triggered_step(1)
        assert not timer.should_trigger_for_step(2)

    play(main)


def test_an_update_says_what_has_elapsed_since_the_last(play, clock):
    def main():
        timer = SecondOrStepTimerWithTideSetting(10, clock=clock)
        assert timer.update_last_triggered_step(3) == (None, None)
        clock.sleep(2.5)
        assert timer.update_last_triggered_step(7) == (2.5, 4)

    play(main)
