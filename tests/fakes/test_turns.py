"""Schedules: who goes on at a choice point, and where there is one (docs/virtual-time.md)."""

from __future__ import annotations

import pytest

from fakes.turns import Choice, ScheduleError
from fakes.virtual_clock import VirtualClock


def order(schedule, *, seed=None, names="abc", twin=None):
    """In which order lanes that wake at one instant go on, and the choice points."""
    clock, seen = VirtualClock(seed=seed, schedule=schedule), []

    def main():
        for name in names:
            clock.start_lane(lambda name=name: seen.append(name), name, twin=twin)
        clock.settle()

    clock.run(main)
    return "".join(seen), list(clock.choices)


def test_an_empty_schedule_is_the_default_order():
    assert order([])[0] == order(None)[0] == "abc"


def test_a_schedule_takes_the_candidates_that_it_names():
    assert order([2, 1])[0] == "cba"


def test_each_choice_point_is_kept_with_its_candidates_and_what_was_taken():
    assert order([1])[1] == [Choice(("a", "b", "c"), 1), Choice(("a", "c"), 0)]


def test_nothing_is_kept_without_a_schedule():
    assert order(None)[1] == []


def test_a_candidate_that_is_not_there_ends_the_play_and_is_named():
    expected = r"choice 1 .* expected a candidate from 0 to 1, got 2 \(of b, c\)"
    with pytest.raises(ScheduleError, match=expected):
        order([0, 2])


def test_a_seed_and_a_schedule_exclude_each_other():
    with pytest.raises(ValueError, match="expected a seed or a schedule, got both"):
        VirtualClock(seed=1, schedule=[])


def test_of_twins_that_have_not_begun_only_the_first_is_a_candidate():
    assert order([], twin="the same step")[1] == []


def locking(schedule, seed=None):
    """What two lanes see that read and write a number, the reading before the lock."""
    clock = VirtualClock(seed=seed, schedule=schedule)
    lock, number = clock.lock(), [0]

    def add():
        read = number[0]
        with lock:
            number[0] = read + 1

    def main():
        for name in "ab":
            clock.start_lane(add, name)
        clock.settle()
        clock.sleep(1)

    clock.run(main)
    return number[0]


def test_a_lane_is_overtaken_before_a_free_lock_only_if_a_schedule_says_so():
    assert locking(None) == locking([]) == 2
    assert {locking(None, seed) for seed in range(50)} == {2}
    assert locking([0, 1]) == 1, "b comes between a's reading and a's lock"


def test_a_schedule_that_asks_too_much_before_a_lock_is_refused():
    expected = r"choice 1 of the schedule: .* got 2 \(of a, b\)"
    with pytest.raises(ScheduleError, match=expected):
        locking([0, 2])
