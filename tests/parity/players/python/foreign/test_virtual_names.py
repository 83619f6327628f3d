from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from fakes.virtual_clock import VirtualClock
from parity.players.python.foreign.virtual_names import ClockOfPlay, Seconds, stand_ins

told: list[str] = []


@pytest.fixture
def clock():
    told.clear()
    return ClockOfPlay(told.append)


@pytest.fixture
def names(clock):
    return stand_ins(clock, "mine", "label")


@pytest.fixture
def play(clock):
    def run(main):
        virtual = VirtualClock()
        with clock.set_to(virtual):
            return virtual.run(lambda: main(virtual))

    return run


def test_an_hour_of_sleep_is_an_hour_on_the_clock_and_not_on_the_wall(names, play):
    before = time.monotonic()

    def main(clock):
        begin = names["time"].time()
        names["time"].sleep(3600)
        return names["time"].time() - begin, names["time"].monotonic(), clock.now()

    assert play(main) == (3600, 3600, 3600)
    assert time.monotonic() - before < 60


def test_outside_a_play_the_names_are_the_real_ones(names):
    assert abs(names["time"].time() - time.time()) < 60
    thread = names["threading"].Thread(target=lambda: None)
    thread.start()
    thread.join()
    assert not thread.is_alive()
    with names["threading"].Lock(), names["threading"].RLock():
        pass
    assert not names["threading"].Event().wait(0)


def test_a_thread_is_a_lane_that_can_be_joined_for_a_while(names, play):
    def main(clock):
        thread = names["threading"].Thread(target=lambda: names["time"].sleep(10), daemon=True)
        assert not thread.is_alive()
        thread.start()
        thread.join(4)
        assert thread.is_alive()
        assert clock.now() == 4
        thread.join()
        assert not thread.is_alive()
        assert clock.now() == 10
        assert [lane.label for lane in clock.threads] == ["label"]

    play(main)


def test_a_subclass_of_thread_runs_as_a_lane(names, play):
    class Counts(names["threading"].Thread):
        count = 0

        def run(self):
            self.count += 1

    def main(clock):
        thread = Counts()
        thread.start()
        thread.join()
        return thread.count

    assert play(main) == 1


def test_an_event_wakes_its_waiters_or_gives_up(names, play):
    def main(clock):
        event = names["threading"].Event()
        assert not event.wait(5)
        assert clock.now() == 5
        names["threading"].Thread(
            target=lambda: (names["time"].sleep(2), event.set()),
        ).start()
        assert event.wait()
        assert event.wait(0)
        assert clock.now() == 7
        event.clear()
        assert not event.is_set()

    play(main)


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_a_lock_keeps_others_out_for_as_long_as_it_is_held(names, play, kind):
    def main(clock):
        lock = getattr(names["threading"], kind)()

        def hold():
            with lock:
                names["time"].sleep(10)

        names["threading"].Thread(target=hold).start()
        names["time"].sleep(1)
        assert not lock.acquire(blocking=False)
        assert not lock.acquire(timeout=4)
        assert clock.now() == 5
        with lock:
            assert clock.now() == 10

    play(main)


def test_an_rlock_can_be_taken_again_by_its_owner_alone(names, play):
    def main(clock):
        lock = names["threading"].RLock()
        taken = []
        with lock, lock:
            names["threading"].Thread(target=lambda: taken.append(lock.acquire(False))).start()
            clock.settle()
        assert taken == [False]
        assert lock.acquire(blocking=False)

    play(main)


def test_a_pool_runs_its_tasks_as_lanes(names, play):
    def main(clock):
        pool = names["concurrent.futures"].ThreadPoolExecutor(max_workers=1)
        future: Future[float] = pool.submit(lambda: names["time"].sleep(3) or clock.now())
        clock.wait_until(future.done)
        return future.result()

    assert play(main) == 3


def test_what_still_waits_in_real_time_is_told_once(names):
    assert names["threading"].Condition is threading.Condition
    assert names["threading"].Condition is threading.Condition
    assert names["threading"].current_thread() is threading.current_thread()
    assert len(told) == 1
    assert told[0].startswith("threading.Condition in mine: it waits in real time")


milliseconds = st.integers(0, 10**12)


@given(begin=milliseconds, wait=milliseconds)
def test_a_deadline_is_met_to_the_millisecond(begin, wait):
    deadline = Seconds(begin * 1000) + wait / 1000
    at = Seconds((begin + wait) * 1000)
    assert at == deadline
    assert at >= deadline
    assert not at < deadline
    assert at - Seconds(begin * 1000) == wait / 1000
    assert not at - Seconds(begin * 1000) > wait / 1000
    just_before = Seconds((begin + wait) * 1000 - 1000)
    assert just_before < deadline
    assert just_before <= deadline


def test_seconds_are_a_number_like_any_other():
    now = Seconds(1_500_000)
    assert (int(now), f"{now:.2f}", now * 2, 5 - now, 1 + now) == (1, "1.50", 3.0, 3.5, 2.5)
    assert hash(now) == hash(1.5)
    assert tf.constant(now).dtype == tf.float32
