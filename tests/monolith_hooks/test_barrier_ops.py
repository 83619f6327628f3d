from __future__ import annotations

import re
from typing import Any

import pytest
import tensorflow as tf

from fakes.virtual_clock import VirtualClock
from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierHook, BarrierOp

tf1 = tf.compat.v1


def started(config: Any) -> Any:
    """A session in which the chief's variables have just been initialised."""
    session = tf1.Session(config=config)
    session.run(tf1.local_variables_initializer())
    return session


class Calls(list):
    """A callback that remembers what it was called with, and may raise."""

    def __init__(self, clock: VirtualClock | None = None, error: Exception | None = None) -> None:
        self._clock = clock
        self._error = error

    def __call__(self, action: str, session: Any) -> None:
        self.append((self._clock.label, action) if self._clock else action)
        if self._error:
            raise self._error


@pytest.mark.covers("B17a", "B23b", "B23c")
def test_a_new_barrier_is_not_placed_and_blocks_nobody(play, config):
    def main():
        barrier = BarrierOp(3)
        with started(config) as session:
            assert barrier.is_barrier_removed(session)
            assert not barrier.is_barrier_placed(session)
            assert barrier.is_none_blocked(session)
            assert not barrier.is_all_blocked(session)
            assert barrier.get_blocked_indices(session) == []
            assert barrier.get_unblocked_indices(session) == [0, 1, 2]

    play(main)


@pytest.mark.covers("B18d", "B19b", "B19c")
def test_placing_sets_bit_0_and_removing_clears_it_again(play, config):
    def main():
        barrier = BarrierOp(2)
        with started(config) as session:
            barrier.place_barrier(session)
            assert barrier.is_barrier_placed(session)
            assert session.run(barrier.barrier_placed_tensor)
            assert barrier.get_blocked_indices(session) == [0]
            barrier.remove_barrier(session)
            barrier.remove_barrier(session)
            assert barrier.is_barrier_removed(session)

    play(main)


@pytest.mark.covers("B23a")
def test_a_barrier_of_capacity_1_is_all_blocked_when_placed(play, config):
    def main():
        barrier = BarrierOp(1)
        with started(config) as session:
            barrier.place_barrier(session)
            assert barrier.is_all_blocked(session)
            assert barrier.capacity == 1

    play(main)


@pytest.mark.covers("B18b", "B18c", "B20e")
def test_a_barrier_that_is_placed_cannot_be_placed_and_keeps_its_action(play, config):
    calls = Calls()

    def main():
        barrier = BarrierOp(2, barrier_callbacks=[calls])
        with started(config) as session:
            barrier.place_barrier(session, "first")
            with pytest.raises(BarrierAlreadyPlacedError, match=r"^$"):
                barrier.place_barrier(session, "second")
            assert calls == ["first"]
            barrier.remove_barrier(session)
            barrier.wait_until_barrier_removed(session, 1)
            assert calls == ["first", "first"]

    play(main)


@pytest.mark.covers("B20e")
def test_waiting_with_nothing_placed_returns_at_once_but_runs_the_callbacks(play, config, clock):
    calls = Calls()

    def main():
        barrier = BarrierOp(2, barrier_callbacks=[calls], clock=clock)
        with started(config) as session:
            barrier.wait_until_barrier_removed(session, 1)
            assert calls == [""]
            assert clock.now() == 0
            assert barrier.is_none_blocked(session)

    play(main)


@pytest.mark.covers("B20a")
@pytest.mark.parametrize("index", [-1, 0, 2, 3])
def test_an_index_out_of_range_cannot_wait(play, config, index):
    def main():
        barrier = BarrierOp(2)
        expected = f"Index [{index}] must be non-negative and less than capacity [2]. "
        with (
            started(config) as session,
            pytest.raises(ValueError, match=f"^{re.escape(expected)}$"),
        ):
            barrier.wait_until_barrier_removed(session, index)

    play(main)


@pytest.mark.covers("B24a")
@pytest.mark.parametrize("capacity", [0, -1])
def test_a_capacity_must_be_positive(play, capacity):
    def main():
        with pytest.raises(ValueError, match=f"it is {capacity}"):
            BarrierOp(capacity)

    play(main)


@pytest.mark.covers("B24b", "B24c")
def test_a_variable_scope_has_one_barrier_whatever_the_prefix(play):
    def main():
        BarrierOp(2, name_prefix="one")
        with pytest.raises(ValueError, match="barrier_var already exists"):
            BarrierOp(2, name_prefix="two")
        with tf.compat.v1.variable_scope("another"):
            BarrierOp(2)

    play(main)


@pytest.mark.covers("B21f")
def test_a_callback_that_is_appended_later_is_called_too(play, config):
    def main():
        calls: list[str] = []
        callbacks = [lambda action, _: calls.append(f"first {action}")]
        barrier = BarrierOp(2, barrier_callbacks=callbacks)
        callbacks.append(lambda action, _: calls.append(f"second {action}"))
        with started(config) as session:
            barrier.place_barrier(session, "x")
        assert calls == ["first x", "second x"]

    play(main)


@pytest.mark.covers("B21a")
def test_a_callback_is_called_with_the_action_and_the_session(play, config):
    calls: list[tuple[Any, ...]] = []

    def main():
        barrier = BarrierOp(2, barrier_callbacks=[lambda *given: calls.append(given)])
        with started(config) as session:
            barrier.place_barrier(session, "x")
            assert calls == [("x", session)]

    play(main)


@pytest.mark.covers("B21g")
def test_an_empty_list_of_callbacks_is_not_kept(play, config):
    calls = Calls()

    def main():
        callbacks: list[Any] = []
        barrier = BarrierOp(2, barrier_callbacks=callbacks)
        callbacks.append(calls)
        with started(config) as session:
            barrier.place_barrier(session)
        assert calls == []

    play(main)


@pytest.mark.covers("B20f")
def test_waiting_workers_are_logged_once_in_60_real_seconds_for_the_whole_process(
    play, config, clock, caplog, monkeypatch
):
    monkeypatch.setattr("absl.logging._log_timer_per_token", {})

    def main():
        barrier = BarrierOp(3, clock=clock)
        with started(config) as session:
            barrier.place_barrier(session)
            for index in (1, 2):
                clock.start_thread(
                    lambda index=index: barrier.wait_until_barrier_removed(session, index),
                    name=f"worker-{index}",
                )
            clock.sleep(100)
            barrier.remove_barrier(session)
            clock.sleep(1)

    with caplog.at_level("INFO", logger="absl"):
        play(main)
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("INFO", "The worker 1 waits until barrier removed.")
    ]


@pytest.mark.covers("B20c", "B20d")
def test_a_waiting_worker_is_blocked_until_it_looks_after_the_removal(play, config, clock):
    def main():
        barrier = BarrierOp(3, wait_seconds=4, clock=clock)
        with started(config) as session:
            barrier.place_barrier(session)
            woken = []

            def worker():
                barrier.wait_until_barrier_removed(session, 2)
                woken.append(clock.now())

            clock.start_thread(worker, name="worker-2")
            clock.sleep(5)
            assert barrier.get_blocked_indices(session) == [0, 2]
            barrier.remove_barrier(session)
            assert barrier.get_blocked_indices(session) == [2]
            assert barrier.get_unblocked_indices(session) == [0, 1]
            clock.sleep(5)
            assert woken == [8]
            assert barrier.is_none_blocked(session)

    play(main)


@pytest.mark.covers("B21c", "B22e")
def test_a_removal_and_a_new_placing_between_two_looks_go_unnoticed(play, config, clock):
    calls = Calls(clock)

    def main():
        barrier = BarrierOp(2, barrier_callbacks=[calls], clock=clock)
        with started(config) as session:
            barrier.place_barrier(session, "a")
            clock.start_thread(
                lambda: barrier.wait_until_barrier_removed(session, 1), name="worker-1"
            )
            clock.sleep(0.5)
            barrier.remove_barrier(session)
            barrier.place_barrier(session, "b")
            clock.sleep(3)
            assert barrier.is_all_blocked(session)
            assert calls == [("main", "a"), ("worker-1", "a"), ("main", "b")]

    play(main)


class Dawdles:
    """A session in which each run lets the others go first."""

    def __init__(self, session: Any, clock: VirtualClock) -> None:
        self._session = session
        self._clock = clock

    def run(self, *args: Any) -> Any:
        self._clock.sleep(1)
        return self._session.run(*args)


@pytest.mark.covers("B18a")
def test_of_concurrent_placings_exactly_one_succeeds(play, config, clock):
    calls = Calls()

    def main():
        barrier = BarrierOp(1, barrier_callbacks=[calls], clock=clock)
        with started(config) as session:
            outcomes = []

            def place():
                try:
                    barrier.place_barrier(Dawdles(session, clock))
                except BarrierAlreadyPlacedError:
                    outcomes.append("already")
                else:
                    outcomes.append("placed")

            for _ in range(5):
                clock.start_thread(place, name="placer")
            clock.sleep(30)
            assert sorted(outcomes) == ["already"] * 4 + ["placed"]
            assert calls == [""]

    play(main)


@pytest.mark.covers("B18a", "B19a")
def test_a_removal_waits_for_a_placing_and_its_callbacks(play, config, clock):
    def main():
        barrier = BarrierOp(1, barrier_callbacks=[lambda *_: clock.sleep(5)], clock=clock)
        with started(config) as session:
            clock.start_thread(lambda: barrier.place_barrier(session), name="placer")
            clock.settle()
            barrier.remove_barrier(session)
            assert clock.now() == 5
            assert barrier.is_barrier_removed(session)

    play(main)


@pytest.mark.covers("B20c")
def test_a_waiting_worker_does_not_hold_the_lock(play, config, clock):
    def main():
        barrier = BarrierOp(2, clock=clock)
        with started(config) as session:
            barrier.place_barrier(session)
            clock.start_thread(
                lambda: barrier.wait_until_barrier_removed(session, 1), name="worker-1"
            )
            clock.settle()
            barrier.remove_barrier(session)
            assert clock.now() == 0

    play(main)


@pytest.mark.covers("B21b", "B21d", "B21e")
def test_a_callback_that_raises_leaves_the_barrier_placed_and_the_lock_free(play, config):
    first, failing, last = Calls(), Calls(error=RuntimeError("callback")), Calls()

    def main():
        barrier = BarrierOp(2, barrier_callbacks=[first, failing, last])
        with started(config) as session:
            with pytest.raises(RuntimeError, match="callback"):
                barrier.place_barrier(session, "x")
            assert (first, failing, last) == (["x"], ["x"], [])
            assert barrier.is_barrier_placed(session)
            barrier.remove_barrier(session)

    play(main)


@pytest.mark.covers("B20b", "B21e")
def test_a_callback_that_raises_leaves_the_waiter_blocked_and_the_lock_free(play, config):
    failing = Calls(error=RuntimeError("callback"))

    def main():
        barrier = BarrierOp(2, barrier_callbacks=[failing])
        with started(config) as session:
            with pytest.raises(RuntimeError, match="callback"):
                barrier.wait_until_barrier_removed(session, 1)
            assert barrier.get_blocked_indices(session) == [1]
            barrier.remove_barrier(session)

    play(main)


@pytest.mark.covers("B19b")
def test_removing_keeps_the_action_and_the_workers_bits(play, config):
    calls = Calls()
    failing = Calls(error=RuntimeError("leaves the bit set"))

    def main():
        barrier = BarrierOp(2, barrier_callbacks=[calls, failing])
        with started(config) as session:
            for act in (
                lambda: barrier.place_barrier(session, "kept"),
                lambda: barrier.wait_until_barrier_removed(session, 1),
            ):
                with pytest.raises(RuntimeError):
                    act()
            barrier.remove_barrier(session)
            assert barrier.get_blocked_indices(session) == [1]
            with pytest.raises(RuntimeError):
                barrier.wait_until_barrier_removed(session, 1)
            assert calls == ["kept", "kept", "kept"]

    play(main)


def test_an_action_is_any_text(play, config):
    calls = Calls()

    def main():
        barrier = BarrierOp(2, barrier_callbacks=[calls])
        with started(config) as session:
            barrier.place_barrier(session, "停止 \x00 {}")
            barrier.remove_barrier(session)
            barrier.wait_until_barrier_removed(session, 1)
            assert calls == ["停止 \x00 {}"] * 2

    play(main)


@pytest.mark.covers("B17b", "B17c", "B17d")
def test_the_chief_clears_the_barrier_with_each_new_session_and_a_worker_never_does(play, config):
    server = tf1.train.Server.create_local_server(config=config)

    def session_of(barrier_graph):
        return tf1.Session(server.target, graph=barrier_graph, config=config)

    def main():
        chief_graph, worker_graph = tf.Graph(), tf.Graph()
        with chief_graph.as_default():
            chief = BarrierOp(2, is_chief=True)
            clear = tf1.local_variables_initializer()
            assert tf1.global_variables() == []
        with worker_graph.as_default():
            worker = BarrierOp(2, is_chief=False)
            empty = tf1.local_variables_initializer()
        with session_of(chief_graph) as chiefs, session_of(worker_graph) as workers:
            chiefs.run(clear)
            chief.place_barrier(chiefs, "Stop")
            assert worker.is_barrier_placed(workers)
            assert workers.run(worker._action_value) == b"Stop"
        with session_of(worker_graph) as workers:
            workers.run(empty)
            assert worker.is_barrier_placed(workers)
            assert workers.run(worker._action_value) == b"", "any session that starts empties it"
            with session_of(chief_graph) as chiefs:
                chiefs.run(clear)
            assert worker.is_barrier_removed(workers)

    play(main)


@pytest.mark.covers("B17e")
def test_the_variables_have_the_names_by_which_processes_find_them(play):
    def main():
        BarrierOp(2, name_prefix="mine")
        names = [variable.op.name for variable in tf1.local_variables()]
        assert names == ["barrier_var", "barrier_op_action"]

    play(main)


def stepping(barrier: BarrierOp, index: int, config: Any) -> Any:
    return tf1.train.SingularMonitoredSession([BarrierHook(index, barrier)], config=config)


@pytest.mark.covers("B22a", "B22c")
def test_a_worker_blocks_after_the_step_that_saw_the_barrier(play, config, clock):
    def main():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        barrier = BarrierOp(2, clock=clock)
        with stepping(barrier, 1, config) as session:
            raw = session.raw_session()
            steps = []

            def worker():
                with raw.graph.as_default():
                    steps.extend((session.run(step), clock.now()) for _ in range(3))

            barrier.place_barrier(raw)
            clock.start_thread(worker, name="worker-1")
            clock.sleep(2.5)
            assert barrier.get_blocked_indices(raw) == [0, 1]
            assert raw.run(tf1.train.get_global_step()) == 1
            barrier.remove_barrier(raw)
            clock.sleep(1)
            assert steps == [(1, 3), (2, 3), (3, 3)]

    play(main)


@pytest.mark.covers("B22a")
@pytest.mark.parametrize("index", [0, 1])
def test_each_hook_reads_the_barrier_with_every_step(play, index):
    def main():
        barrier = BarrierOp(2)
        asked = BarrierHook(index, barrier).before_run(None)
        assert asked.fetches is barrier.barrier_placed_tensor

    play(main)


@pytest.mark.covers("B22b")
@pytest.mark.parametrize("index", [0, -1])
def test_the_chief_keeps_stepping(play, config, clock, index):
    def main():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        barrier = BarrierOp(2, clock=clock)
        with stepping(barrier, index, config) as session:
            barrier.place_barrier(session.raw_session())
            assert [session.run(step) for _ in range(2)] == [1, 2]

    play(main)


@pytest.mark.covers("B22d")
def test_a_hook_out_of_range_is_noticed_only_when_the_barrier_is_placed(play, config, clock):
    def main():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        barrier = BarrierOp(2, clock=clock)
        with stepping(barrier, 2, config) as session:
            assert session.run(step) == 1
            barrier.place_barrier(session.raw_session())
            with pytest.raises(ValueError, match=r"Index \[2\]"):
                session.run(step)

    play(main)
