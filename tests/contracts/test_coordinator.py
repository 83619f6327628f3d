"""TensorFlow's own coordinator, whose threads a clock has started."""

from __future__ import annotations

import pytest
import tensorflow as tf

from tests.contracts.stages import MS


@pytest.fixture
def coord():
    return tf.train.Coordinator()


def started(clock, coord, target, count=1):
    return [clock.start_thread(target, name="watch", coord=coord) for _ in range(count)]


def test_a_stop_is_seen_by_all_threads_and_joined(stage, clock, coord):
    woke = []

    def main():
        threads = started(clock, coord, lambda: woke.append(clock.wait_for_stop(coord)), count=3)
        clock.sleep(2 * MS)
        assert (coord.should_stop(), woke) == (False, [])
        coord.request_stop()
        coord.join()
        return [thread.is_alive() for thread in threads]

    assert stage.play(main) == [False] * 3
    assert woke == [True] * 3


def test_a_stop_by_one_thread_ends_the_others(stage, clock, coord):
    def main():
        threads = started(clock, coord, lambda: clock.wait_for_stop(coord), count=2)
        threads += started(clock, coord, coord.request_stop)
        coord.join()
        return [thread.is_alive() for thread in threads]

    assert stage.play(main) == [False] * 3


def test_a_join_waits_for_what_a_thread_does_after_the_stop(stage, clock, coord):
    done = []

    def main():
        def winds_up():
            clock.wait_for_stop(coord)
            clock.sleep(10 * MS)
            done.append(True)

        started(clock, coord, winds_up)
        coord.request_stop()
        coord.join()
        return done == [True]

    assert stage.play(main)


def test_a_join_without_a_stop_waits_for_the_threads_to_end_by_themselves(stage, clock, coord):
    def main():
        ended = []
        started(clock, coord, lambda: (clock.sleep(5 * MS), ended.append(True)))
        coord.join()
        return ended, coord.should_stop()

    assert stage.play(main) == ([True], False)


def test_nobody_to_join_is_nothing_to_wait_for(stage, clock, coord):
    def main():
        before = clock.now_ns()
        coord.request_stop()
        coord.join()
        return clock.now_ns() - before

    assert stage.play(main) < 60 * 10**9


def late_thread(stage, clock, coord):
    """A thread that doesn't heed the stop, and what lets it end."""
    released = []
    started(clock, coord, lambda: stage.until(lambda: released))
    return lambda: released.append(True)


def test_a_thread_that_outlives_the_grace_is_named(stage, clock, coord):
    def main():
        release = late_thread(stage, clock, coord)
        coord.request_stop()
        try:
            with pytest.raises(RuntimeError, match="threads still running: watch"):
                coord.join(stop_grace_period_secs=5 * MS)
        finally:
            release()

    stage.play(main)


def test_a_thread_that_outlives_the_grace_may_be_ignored(stage, clock, coord):
    def main():
        release = late_thread(stage, clock, coord)
        coord.request_stop()
        coord.join(stop_grace_period_secs=5 * MS, ignore_live_threads=True)
        release()

    stage.play(main)


def test_an_error_that_a_stop_was_requested_with_is_raised_by_the_join(stage, clock, coord):
    def main():
        def fails():
            with coord.stop_on_exception():
                raise tf.errors.InternalError(None, None, "broken")

        started(clock, coord, fails)
        with pytest.raises(tf.errors.InternalError, match="broken"):
            coord.join()
        assert coord.should_stop()

    stage.play(main)
    assert stage.deaths() == []


def test_an_error_that_leaves_a_thread_is_not_told_to_its_coordinator(stage, clock, coord):
    def main():
        started(clock, coord, lambda: 1 / 0)
        clock.sleep(2 * MS)
        assert not coord.should_stop()
        coord.request_stop()
        coord.join()

    stage.play(main)
    assert stage.deaths() == [("watch", "ZeroDivisionError")]


def test_a_stop_that_is_cleared_can_be_waited_for_again(stage, clock, coord):
    def main():
        coord.request_stop()
        assert clock.wait_for_stop(coord)
        coord.clear_stop()
        assert not clock.wait_for_stop(coord, 2 * MS)

    stage.play(main)


def test_two_coordinators_have_threads_of_their_own(stage, clock, coord):
    def main():
        other = tf.train.Coordinator()
        (mine,) = started(clock, coord, lambda: clock.wait_for_stop(coord))
        (others,) = started(clock, other, lambda: clock.wait_for_stop(other))
        coord.request_stop()
        coord.join()
        assert (mine.is_alive(), others.is_alive()) == (False, True)
        other.request_stop()
        other.join()
        assert not others.is_alive()

    stage.play(main)
