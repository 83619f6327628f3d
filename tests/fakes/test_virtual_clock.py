"""What code under a VirtualClock sees: see docs/virtual-time.md."""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.lane import fnv1a64, splitmix64
from fakes.scheduler import DeadlockError, StalledError
from fakes.virtual_clock import VirtualClock


class StopFlag:
    """A coordinator in miniature."""

    def __init__(self) -> None:
        self.stopped = False
        self.threads: list[threading.Thread] = []

    def should_stop(self) -> bool:
        return self.stopped

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        raise AssertionError("a virtual clock doesn't wait in real time")

    def register_thread(self, thread: threading.Thread) -> None:
        self.threads.append(thread)

    def join(self, threads=None, stop_grace_period_secs=120, ignore_live_threads=False) -> None:
        assert not any(thread.is_alive() for thread in self.threads)


def played(main, **options):
    clock = VirtualClock(**options)
    return clock.run(lambda: main(clock))


def test_sleeping_moves_time_straight_to_the_deadline():
    def main(clock):
        clock.sleep(30)
        clock.sleep(0.5)
        return clock.now()

    assert played(main) == 30.5


def test_time_cannot_go_back():
    with pytest.raises(ValueError, match="expected a time of 0 s or more, got -1 s"):
        played(lambda clock: clock.sleep(-1))


def test_an_exception_in_main_leaves_run():
    def main(clock):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        played(main)


def test_a_started_thread_runs_when_the_starter_gives_way():
    seen = []

    def main(clock):
        clock.start_thread(lambda: seen.append("thread"), name="t")
        seen.append("main")
        clock.settle()
        seen.append("main again")

    played(main)
    assert seen == ["main", "thread", "main again"]


def test_lanes_that_wake_at_one_instant_go_on_in_order_of_parking():
    seen = []

    def main(clock):
        for name in "abc":
            clock.start_thread(lambda name=name: (clock.sleep(1), seen.append(name)), name=name)
        clock.sleep(2)

    played(main)
    assert seen == ["a", "b", "c"]


def test_a_seed_explores_other_orders_and_repeats_each():
    def order(seed):
        seen = []

        def main(clock):
            for name in "abcd":
                clock.start_thread(lambda name=name: (clock.sleep(1), seen.append(name)), name=name)
            clock.sleep(2)

        played(main, seed=seed)
        return "".join(seen)

    assert len({order(seed) for seed in range(20)}) > 5
    assert all(order(seed) == order(seed) for seed in range(5))


def test_the_hashes_are_the_published_ones():
    assert fnv1a64(b"") == 0xCBF29CE484222325
    assert fnv1a64(b"foobar") == 0x85944171F73967E8
    assert splitmix64(0) == 0xE220A8397B1DCDAF


def test_a_wait_for_stop_ends_at_the_instant_of_the_stop():
    woke = []

    def main(clock):
        coord = StopFlag()
        clock.start_thread(
            lambda: woke.append((clock.wait_for_stop(coord, 30), clock.now())), name="t"
        )
        clock.sleep(10)
        coord.stopped = True
        clock.settle()

    played(main)
    assert woke == [(True, 10.0)]


def test_a_wait_for_stop_times_out():
    assert played(lambda clock: (clock.wait_for_stop(StopFlag(), 30), clock.now())) == (False, 30.0)


def test_joining_a_coordinator_lets_its_threads_end_first():
    def main(clock):
        coord = StopFlag()
        clock.start_thread(lambda: clock.wait_for_stop(coord), name="t", coord=coord)
        clock.settle()
        coord.stopped = True
        coord.join()
        return clock.now()

    assert played(main) == 0


def test_a_thread_that_is_busy_delays_the_join_by_as_much():
    def main(clock):
        coord = StopFlag()
        clock.start_thread(lambda: clock.sleep(40), name="t", coord=coord)
        clock.sleep(10)
        coord.stopped = True
        coord.join()
        return clock.now()

    assert played(main) == 40


def test_a_lock_is_held_by_one_lane_at_a_time_also_across_a_sleep():
    spans = []

    def main(clock):
        lock = clock.lock()

        def hold():
            with lock:
                start = clock.now()
                clock.sleep(5)
                spans.append((start, clock.now()))

        for name in "ab":
            clock.start_thread(hold, name=name)
        clock.sleep(20)

    played(main)
    assert spans == [(0, 5), (5, 10)]


def test_a_lock_is_free_after_an_exception():
    def main(clock):
        lock = clock.lock()
        with pytest.raises(KeyError), lock:
            raise KeyError
        with lock:
            return True

    assert played(main)


def test_a_thread_that_raises_has_died_and_hurts_nobody():
    clock = VirtualClock()

    def main():
        clock.start_thread(lambda: 1 / 0, name="t")
        clock.settle()

    clock.run(main)
    (lane,) = clock.threads
    assert (lane.fate, type(lane.error)) == ("died", ZeroDivisionError)


def test_lanes_still_parked_at_the_end_are_left_and_their_threads_end():
    clock = VirtualClock()
    after = []

    def for_ever():
        clock.sleep(1000)
        after.append("never")

    def main():
        clock.start_thread(for_ever, name="t")
        clock.start_thread(for_ever, name="t")
        clock.settle()

    clock.run(main)
    assert [(lane.label, lane.fate) for lane in clock.threads] == [("t", "left"), ("t#2", "left")]
    assert not any(lane.thread.is_alive() for lane in clock.threads)
    assert after == []


def test_a_deadlock_names_every_lane():
    def main(clock):
        one, two = clock.lock(), clock.lock()

        def other():
            with two:
                clock.sleep(1)
                with one:
                    pass

        clock.start_thread(other, name="other")
        with one:
            clock.sleep(1)
            with two:
                pass

    with pytest.raises(DeadlockError, match=re.escape("<Lane main parked for ever")) as caught:
        played(main)
    assert "<Lane other parked for ever" in str(caught.value)


def test_a_lane_that_keeps_the_turn_is_reported_with_its_stack():
    release = threading.Event()

    def main(clock):
        release.wait()

    with pytest.raises(StalledError, match=r"lane main kept the turn(.|\n)*release\.wait"):
        played(main, stall_limit=0.05)
    release.set()


def test_a_pool_of_two_runs_two_tasks_at_a_time():
    spans = []

    def main(clock):
        pool = clock.handler_pool(2, name="pool")

        def task():
            start = clock.now()
            clock.sleep(10)
            spans.append((start, clock.now()))

        for _ in range(3):
            pool.submit(task)
        clock.sleep(100)

    played(main)
    assert spans == [(0, 10), (0, 10), (10, 20)]


def test_a_call_that_is_handed_over_takes_as_long_as_its_handler():
    def main(clock):
        pool = clock.handler_pool(1, name="pool")

        def send() -> Future[str]:
            answer: Future[str] = Future()

            def handle():
                clock.sleep(2)
                answer.set_result("done")

            threading.Thread(target=lambda: pool.submit(handle)).start()
            return answer

        return clock.hand_over(send).result(), clock.now()

    assert played(main) == ("done", 2.0)


def test_a_call_that_reaches_no_handler_takes_no_time():
    def main(clock):
        answer: Future[str] = Future()
        answer.set_exception(ConnectionError())
        return type(clock.hand_over(lambda: answer).exception()), clock.now()

    assert played(main) == (ConnectionError, 0.0)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.none() | st.integers(0, 2**63 - 1))
def test_every_lane_wakes_exactly_at_its_deadline_and_time_never_goes_back(naps, seed):
    woke = []

    def main(clock):
        def nap(seconds):
            clock.sleep(seconds)
            woke.append((seconds, clock.now()))

        for i, seconds in enumerate(naps):
            clock.start_thread(lambda seconds=seconds: nap(seconds), name=f"t{i}")
        clock.sleep(100)

    played(main, seed=seed)
    assert all(seconds == at for seconds, at in woke)
    assert [at for _, at in woke] == sorted(naps)
