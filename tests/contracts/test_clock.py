"""What hooks may rely on of any clock, in real and in virtual time."""

from __future__ import annotations

import threading

import pytest

from tests.contracts.stages import MS


class StopFlag:
    """A coordinator of a few lines; a clock asks it for no more than its protocol has."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.threads: list[tuple[threading.Thread, bool]] = []

    def should_stop(self):
        return self._stop.is_set()

    def request_stop(self):
        self._stop.set()

    def wait_for_stop(self, timeout=None):
        return self._stop.wait(timeout)

    def register_thread(self, thread):
        self.threads.append((thread, thread.is_alive()))

    def join(self, threads=None, stop_grace_period_secs=120, ignore_live_threads=False):
        for thread, _ in self.threads:
            thread.join()


class Crowd:
    """How many are inside at a time, at most."""

    def __init__(self) -> None:
        self.inside = self.most = 0

    def __enter__(self):
        self.inside += 1
        self.most = max(self.most, self.inside)

    def __exit__(self, *raised):
        self.inside -= 1


def test_time_never_runs_backwards(stage, clock):
    seen = []

    def look():
        for _ in range(5):
            seen.append(clock.now_ns())
            clock.sleep(MS)

    def main():
        threads = [clock.start_thread(look, name="looks") for _ in range(3)]
        look()
        stage.until(lambda: not any(thread.is_alive() for thread in threads))

    stage.play(main)
    assert len(seen) == 20
    assert seen == sorted(seen)


def test_seconds_and_nanoseconds_are_one_time(stage, clock):
    def main():
        clock.sleep(3 * MS)
        before = clock.now_ns()
        now = clock.now()
        after = clock.now_ns()
        # A float has 53 bits, which are some 200 ns of the seconds since 1970.
        assert before - 1000 <= now * 10**9 <= after + 1000

    stage.play(main)


def test_nanoseconds_are_whole(stage, clock):
    assert isinstance(stage.play(clock.now_ns), int)


@pytest.mark.parametrize("seconds", [0, MS, 20 * MS])
def test_a_sleep_lasts_at_least_as_long_as_asked(stage, clock, seconds):
    def main():
        before = clock.now_ns()
        clock.sleep(seconds)
        return clock.now_ns() - before

    assert stage.play(main) >= seconds * 10**9


def test_a_sleep_of_less_than_nothing_is_refused(stage, clock):
    with pytest.raises(ValueError, match=r"0 s or more|non-negative"):
        stage.play(lambda: clock.sleep(-1))


def test_a_sleep_lets_other_threads_go_on(stage, clock):
    def main():
        began = []
        clock.start_thread(lambda: began.append(True), name="other")
        stage.until(lambda: began)

    stage.play(main)


def test_a_lock_is_held_by_one_at_a_time_while_time_passes(stage, clock):
    crowd = Crowd()

    def main():
        lock = clock.lock()

        def enter():
            for _ in range(3):
                with lock, crowd:
                    clock.sleep(MS)

        threads = [clock.start_thread(enter, name="enters") for _ in range(4)]
        stage.until(lambda: not any(thread.is_alive() for thread in threads))

    stage.play(main)
    assert (crowd.inside, crowd.most) == (0, 1)


def test_a_lock_is_free_after_an_exception_that_leaves_with_it(stage, clock):
    def main():
        lock = clock.lock()
        for error in (KeyError, KeyboardInterrupt):
            with pytest.raises(error), lock:
                raise error
        with lock:
            return "taken"

    assert stage.play(main) == "taken"


def test_two_locks_have_nothing_to_do_with_each_other(stage, clock):
    def main():
        with clock.lock(), clock.lock():
            return "both"

    assert stage.play(main) == "both"


@pytest.mark.parametrize("timeout", [None, 0, 60])
def test_a_stop_that_was_requested_is_not_waited_for(stage, clock, timeout):
    def main():
        coord = StopFlag()
        coord.request_stop()
        return clock.wait_for_stop(coord, timeout)

    assert stage.play(main) is True


@pytest.mark.parametrize("timeout", [0, 20 * MS])
def test_a_wait_for_a_stop_ends_with_its_timeout_and_not_before(stage, clock, timeout):
    def main():
        before = clock.now_ns()
        assert clock.wait_for_stop(StopFlag(), timeout) is False
        return clock.now_ns() - before

    assert stage.play(main) >= timeout * 10**9


@pytest.mark.parametrize("timeout", [None, 60])
def test_a_stop_on_another_thread_ends_the_wait(stage, clock, timeout):
    def main():
        coord = StopFlag()
        woke = []
        clock.start_thread(
            lambda: woke.append(clock.wait_for_stop(coord, timeout)), name="waits", coord=coord
        )
        clock.sleep(5 * MS)
        assert woke == []
        coord.request_stop()
        stage.until(lambda: woke)
        return woke

    assert stage.play(main) == [True]


def test_a_thread_is_a_daemon_with_its_name_that_its_coordinator_has_known_from_the_start(
    stage, clock
):
    def main():
        coord = StopFlag()
        seen = []
        thread = clock.start_thread(
            lambda: seen.append(list(coord.threads)), name="ps_health", coord=coord
        )
        stage.until(lambda: seen)
        assert [each for each, _ in seen[0]] == [thread]
        assert (thread.name, thread.daemon) == ("ps_health", True)

    stage.play(main)


def test_every_thread_has_the_name_that_was_asked_for(stage, clock):
    def main():
        threads = [clock.start_thread(lambda: None, name="query_action") for _ in range(2)]
        stage.until(lambda: not any(thread.is_alive() for thread in threads))
        return [thread.name for thread in threads]

    assert stage.play(main) == ["query_action", "query_action"]


def test_a_thread_without_a_coordinator_is_nobodys(stage, clock):
    def main():
        ended = []
        thread = clock.start_thread(lambda: ended.append(True), name="alone")
        stage.until(lambda: ended and not thread.is_alive())

    stage.play(main)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemError])
def test_an_exception_ends_its_thread_alone_and_is_told(stage, clock, error):
    def fail():
        raise error

    def main():
        coord = StopFlag()
        thread = clock.start_thread(fail, name="fails", coord=coord)
        stage.until(lambda: not thread.is_alive())
        stage.until(stage.deaths)
        return coord.should_stop()

    assert stage.play(main) is False
    assert stage.deaths() == [("fails", error.__name__)]


def test_a_pool_runs_as_many_tasks_at_a_time_as_it_has_workers(stage, clock):
    crowd = Crowd()

    def work():
        with crowd:
            clock.sleep(10 * MS)

    def main():
        pool = clock.handler_pool(2, name="pool")
        tasks = [pool.submit(work) for _ in range(5)]
        stage.until(lambda: all(task.done() for task in tasks))
        pool.shutdown()

    stage.play(main)
    assert crowd.most == 2


def test_a_task_that_finds_no_free_worker_begins_once_one_is_free(stage, clock):
    order = []

    def main():
        pool = clock.handler_pool(2, name="pool")
        released = []

        def hold():
            stage.until(lambda: released)
            order.append("held")

        held = [pool.submit(hold) for _ in range(2)]
        third = pool.submit(lambda: order.append("third"))
        clock.sleep(5 * MS)
        assert not any(task.done() for task in (*held, third))
        released.append(True)
        stage.until(lambda: all(task.done() for task in (*held, third)))
        pool.shutdown()

    stage.play(main)
    assert sorted(order) == ["held", "held", "third"]
    assert order[0] == "held"


def test_a_pool_of_one_works_in_the_order_of_submission(stage, clock):
    order = []

    def main():
        pool = clock.handler_pool(1, name="pool")
        for number in range(10):
            pool.submit(order.append, number)
        pool.shutdown()

    stage.play(main)
    assert order == list(range(10))


def test_the_result_and_the_exception_of_a_task_are_its_futures(stage, clock):
    def main():
        with clock.handler_pool(1, name="pool") as pool:
            good = pool.submit(divmod, 7, 2)
            bad = pool.submit(divmod, 7, 0)
            worker_lives = pool.submit(lambda: "it goes on")
        assert good.result(0) == (3, 1)
        assert isinstance(bad.exception(0), ZeroDivisionError)
        assert worker_lives.result(0) == "it goes on"

    stage.play(main)


def test_a_pool_that_is_shut_down_ends_what_it_has_and_takes_no_more(stage, clock):
    def main():
        done = []
        pool = clock.handler_pool(2, name="pool")
        for number in range(4):
            pool.submit(lambda number=number: (clock.sleep(2 * MS), done.append(number)))
        pool.shutdown(wait=True)
        assert sorted(done) == [0, 1, 2, 3]
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(done.append, 4)

    stage.play(main)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_no_exception_of_a_task_ends_its_worker(stage, clock, error):
    def fail():
        raise error

    def main():
        with clock.handler_pool(1, name="pool") as pool:
            bad, next_one = pool.submit(fail), pool.submit(lambda: "it goes on")
        assert type(bad.exception(0)) is error
        assert next_one.result(0) == "it goes on"

    stage.play(main)


def test_a_task_that_is_cancelled_before_it_has_begun_never_runs(stage, clock):
    ran = []

    def main():
        released = []
        pool = clock.handler_pool(1, name="pool")
        held = pool.submit(lambda: stage.until(lambda: released))
        waiting = [pool.submit(ran.append, number) for number in range(3)]
        stage.until(held.running)
        assert not held.cancel()
        assert waiting[1].cancel()
        released.append(True)
        pool.shutdown()

    stage.play(main)
    assert ran == [0, 2]


def test_a_shutdown_can_cancel_what_has_not_begun(stage, clock):
    ran = []

    def main():
        released = []
        pool = clock.handler_pool(1, name="pool")
        held = pool.submit(lambda: stage.until(lambda: released))
        waiting = [pool.submit(ran.append, number) for number in range(3)]
        stage.until(held.running)
        pool.shutdown(wait=False, cancel_futures=True)
        released.append(True)
        stage.until(lambda: held.done() and all(task.cancelled() for task in waiting))

    stage.play(main)
    assert ran == []


def test_a_shutdown_that_does_not_wait_returns_before_the_tasks_have_ended(stage, clock):
    def main():
        released = []
        pool = clock.handler_pool(1, name="pool")
        task = pool.submit(lambda: stage.until(lambda: released))
        pool.shutdown(wait=False)
        assert not task.done()
        released.append(True)
        stage.until(task.done)

    stage.play(main)
