from __future__ import annotations

import threading
import time

import pytest
import tensorflow as tf

from parity.players.paced_clock import PacedClock

AT_ONCE = 5.0
"""Real seconds: far more than it takes."""


@pytest.fixture
def clock():
    return PacedClock(1000, time.monotonic_ns())


def test_a_sleep_lasts_its_time_of_the_scenario(clock):
    before = clock.now()
    clock.sleep(30)
    assert clock.now() - before >= 30


def test_a_thread_that_sleeps_is_settled_and_one_that_works_is_not(clock):
    go_on = threading.Event()
    clock.start_lane(lambda: clock.sleep(3600), "sleeper")
    assert clock.settle(AT_ONCE)
    clock.start_lane(go_on.wait, "worker")
    assert not clock.settle(0.05)
    go_on.set()
    assert clock.settle(AT_ONCE)


def test_a_thread_whose_time_has_come_is_waited_for_until_it_waits_again(clock):
    woke = []

    def live():
        clock.sleep(20)
        woke.append(clock.now())
        clock.sleep(3600)

    clock.start_lane(live, "sleeper")
    assert clock.settle(AT_ONCE)
    time.sleep(0.02)
    assert clock.settle(AT_ONCE)
    assert len(woke) == 1


def test_a_thread_whose_condition_holds_already_is_not_settled(clock):
    inbox, taken, go_on = [], [], threading.Event()

    def live():
        clock.wait_until(lambda: bool(inbox))
        taken.append(inbox.pop())
        go_on.wait()

    clock.start_lane(live, "worker")
    assert clock.settle(AT_ONCE)
    inbox.append(1)
    assert not clock.settle(0.05)
    clock.look_again()
    go_on.set()
    assert clock.settle(AT_ONCE)
    assert taken == [1]


def test_a_wait_for_a_stop_ends_with_the_stop_or_the_time(clock):
    coord = tf.train.Coordinator()
    assert not clock.wait_for_stop(coord, 30)
    coord.request_stop()
    assert clock.wait_for_stop(coord, 1e9)


def test_what_a_hooks_thread_dies_of_is_kept_and_told(clock):
    told = []
    clock.on_thread_end = lambda lane: told.append((lane.label, lane.error))
    error = ValueError("no")

    def dies():
        raise error

    clock.start_thread(dies, name="ps_health").join()
    clock.start_thread(lambda: None, name="ps_health").join()
    assert told == [("ps_health", error), ("ps_health#2", None)]
    assert [lane.ended for lane in clock.threads] == [True, True]


def test_a_lock_lets_one_in_at_a_time_and_who_waits_is_parked(clock):
    lock, inside = clock.lock(), []

    def live():
        with lock:
            inside.append(1)

    with lock:
        clock.start_lane(live, "second")
        assert clock.settle(AT_ONCE)
        assert inside == []
    assert clock.settle(AT_ONCE)
    assert inside == [1]
