"""Lanes go on in the order that docs/virtual-time.md says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.search.pairs.lanes import Lanes, Lock, Park


def sleeper(lanes, log, name, milliseconds):
    yield from lanes.sleep(milliseconds)
    log.append((lanes.now, name))


@given(st.lists(st.integers(0, 5), max_size=8))
def test_lanes_go_on_by_time_and_then_by_order_of_parking(times):
    lanes, log = Lanes(on_give_way=lambda: None), []

    def main():
        for name, milliseconds in enumerate(times):
            lanes.start(sleeper(lanes, log, name, milliseconds))
        yield from lanes.sleep(6)

    lanes.run(main())
    assert log == sorted((milliseconds, name) for name, milliseconds in enumerate(times))


def test_a_lane_that_settles_goes_on_last():
    lanes, log = Lanes(on_give_way=lambda: None), []

    def main():
        lanes.start(sleeper(lanes, log, "other", 0))
        yield from lanes.settle()
        log.append((lanes.now, "main"))

    lanes.run(main())
    assert log == [(0, "other"), (0, "main")]


def test_a_lock_goes_to_the_lane_that_has_waited_longest():
    lanes, log, lock = Lanes(on_give_way=lambda: None), [], Lock()

    def holder(name):
        yield from lock.acquire()
        yield from lanes.sleep(10)
        log.append((lanes.now, name))
        lock.release()

    def main():
        for name in "abc":
            lanes.start(holder(name))
        yield from lanes.sleep(100)

    lanes.run(main())
    assert log == [(10, "a"), (20, "b"), (30, "c")]


def test_a_condition_lets_a_lane_go_on_before_its_deadline():
    lanes, stopped, log = Lanes(on_give_way=lambda: None), [], []

    def waiter():
        yield Park(until=100, condition=lambda: bool(stopped))
        log.append(lanes.now)

    def main():
        lanes.start(waiter())
        yield from lanes.sleep(7)
        stopped.append(True)
        yield from lanes.settle()

    lanes.run(main())
    assert log == [7]


def test_a_deadlock_is_an_error():
    lanes = Lanes(on_give_way=lambda: None)

    def main():
        yield from lanes.wait_until(lambda: False)

    with pytest.raises(RuntimeError, match="no lane can ever go on"):
        lanes.run(main())
