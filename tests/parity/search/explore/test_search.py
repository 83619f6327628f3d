"""Every schedule is visited, once, and those with few switches come first."""

from __future__ import annotations

from collections import Counter
from functools import partial
from math import factorial

import pytest

from fakes.scheduler import DeadlockError
from fakes.virtual_clock import VirtualClock
from parity.search.explore.search import Search, UnsteadyError
from parity.spec.schedules import Choice

pytestmark = pytest.mark.slow


def player(lanes, *, clock_of=lambda schedule: VirtualClock(schedule=schedule)):
    """Plays ``lanes(clock, seen)``; what is seen in which order is the result."""

    def play(schedule):
        clock, seen = clock_of(schedule), []

        def main():
            lanes(clock, seen)
            clock.sleep(1)

        try:
            clock.run(main)
        except DeadlockError:
            seen.append("deadlock")
        choices = [Choice(candidates=c.candidates, taken=c.taken) for c in clock.choices]
        return "".join(seen), choices

    return play


def yielding(lanes, turns):
    """So many lanes, each with so many turns at one instant."""

    def start(clock, seen):
        def live(name):
            for turn in range(turns):
                seen.append(name)
                if turn < turns - 1:
                    clock.sleep(0)

        for name in "abc"[:lanes]:
            clock.start_lane(lambda name=name: live(name), name)

    return start


@pytest.mark.parametrize(("lanes", "turns"), [(2, 3), (3, 2), (3, 3)])
def test_every_order_is_visited_exactly_once(lanes, turns):
    search = Search(partial(map, player(yielding(lanes, turns))))
    seen = Counter(visit.result for visit in search.visits(bound=None, limit=None))
    assert set(seen.values()) == {1}
    assert len(seen) == factorial(lanes * turns) // factorial(turns) ** lanes
    assert search.waiting == 0


def test_a_bound_keeps_to_schedules_with_few_switches():
    search = Search(partial(map, player(yielding(3, 3))))
    visits = list(search.visits(bound=1, limit=None))
    assert [visit.switches for visit in visits] == sorted(visit.switches for visit in visits)
    assert visits[-1].switches == 1
    assert all(sum(map(bool, visit.schedule)) == visit.switches for visit in visits)
    assert search.waiting > 0


def test_a_search_goes_on_where_it_stopped():
    search = Search(partial(map, player(yielding(2, 2))))
    first = list(search.visits(bound=None, limit=2))
    rest = list(search.visits(bound=None, limit=None))
    assert len({visit.result for visit in first + rest}) == search.visited == 6


def test_the_schedules_of_a_level_are_there_to_be_played_before_the_first_is_visited():
    asked = []

    def ahead(schedules):
        asked.append(list(schedules))
        yield from map(player(yielding(3, 2)), asked[-1])

    search = Search(ahead)
    seen = Counter(visit.result for visit in search.visits(bound=None, limit=None))
    assert set(seen.values()) == {1}
    assert [{sum(map(bool, each)) for each in level} for level in asked] == [
        {switches} for switches in range(len(asked))
    ]


def test_no_more_is_asked_for_than_may_be_visited():
    asked = []

    def ahead(schedules):
        level = list(schedules)
        asked.extend(level)
        yield from map(player(yielding(3, 3)), level)

    assert len(list(Search(ahead).visits(bound=None, limit=5))) == len(asked) == 5


def test_a_play_that_does_not_repeat_itself_is_noticed():
    plays = iter([(("a", "b"),), (("a", "c"), ("a", "b"))])

    def play(schedule):
        points = next(plays)
        taken = [*schedule, *(0,) * (len(points) - len(schedule))]
        return "", [Choice(candidates=p, taken=t) for p, t in zip(points, taken, strict=True)]

    with pytest.raises(UnsteadyError, match="s:1 came to other choice points"):
        list(Search(partial(map, play)).visits(bound=None, limit=None))


def lost_wake_up(clock, seen):
    """A waiter that looks, and then takes the lock to enter itself among those to be woken."""
    lock, state = clock.lock(), {"open": False, "waiting": False}

    def wait():
        if not state["open"]:
            with lock:
                state["waiting"] = True
            clock.wait_until(lambda: not state["waiting"])
        seen.append("woken")

    def wake():
        with lock:
            state["open"], state["waiting"] = True, False

    clock.start_lane(wait, "waiter")
    clock.start_lane(wake, "waker")


def test_a_lost_wake_up_is_found_that_a_thousand_seeds_and_the_default_order_miss():
    def play_without_a_schedule(seed):
        return player(lost_wake_up, clock_of=lambda _: VirtualClock(seed=seed))(())[0]

    assert {play_without_a_schedule(seed) for seed in [None, *range(1000)]} == {"woken"}
    search = Search(partial(map, player(lost_wake_up)))
    lost = [v for v in search.visits(bound=None, limit=None) if v.result == ""]
    assert lost[0].schedule == (0, 1)


def test_a_deadlock_is_found():
    def lanes(clock, seen):
        first, second = clock.lock(), clock.lock()

        def take(one, other):
            with one, other:
                pass

        taking = [
            clock.start_lane(lambda: take(first, second), "a"),
            clock.start_lane(lambda: take(second, first), "b"),
        ]
        clock.wait_until(lambda: all(lane.ended for lane in taking))

    search = Search(partial(map, player(lanes)))
    outcomes = {visit.result for visit in search.visits(bound=None, limit=None)}
    assert outcomes == {"", "deadlock"}
