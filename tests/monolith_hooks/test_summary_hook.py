"""Metrics of a run as scalars for TensorBoard."""

from __future__ import annotations

from types import SimpleNamespace

import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.held_barrier import HeldBarrier
from monolith_hooks.summary_hook import RunSummaryHook

tf1 = tf.compat.v1


def written(folder):
    """The scalars of the event files, by their step."""
    found = {}
    for path in sorted(folder.glob("events.*")):
        for event in tf1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found.setdefault(event.step, {})[value.tag] = value.simple_value
    return found


def train(clock, config, hook, seconds):
    """Take steps that last so many seconds each."""
    step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
    creator = tf1.train.ChiefSessionCreator(config=config)
    with tf1.train.MonitoredSession(creator, [hook]) as session:
        for each in seconds:
            clock.sleep(each)
            session.run(step)


def test_scalars_are_written_once_in_the_seconds_asked_for(clock, play, config, tmp_path):
    def main():
        hook = RunSummaryHook(str(tmp_path), BarrierOp(3, clock=clock), every_secs=60, clock=clock)
        train(clock, config, hook, [1, 30, 29, 1, 59, 1])

    play(main)
    assert sorted(written(tmp_path)) == [1, 4, 6]


def test_zero_seconds_write_after_every_step(clock, play, config, tmp_path):
    def main():
        hook = RunSummaryHook(str(tmp_path), BarrierOp(3, clock=clock), every_secs=0, clock=clock)
        train(clock, config, hook, [0, 0, 0])

    play(main)
    assert sorted(written(tmp_path)) == [1, 2, 3]


def test_a_scalar_is_what_the_run_measured_at_the_step(clock, play, config, tmp_path):
    def main():
        barrier = BarrierOp(3, clock=clock)
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        saver = SimpleNamespace(last_save=SimpleNamespace(step=0, ended_ns=0, error="IOError"))
        hook = RunSummaryHook(str(tmp_path), barrier, saver, every_secs=0, clock=clock)
        creator = tf1.train.ChiefSessionCreator(config=config)
        with tf1.train.MonitoredSession(creator, [hook]) as session:
            clock.sleep(5)
            HeldBarrier(barrier, "operator").place_barrier(session._tf_sess())
            clock.sleep(2)
            session.run(step)

    play(main)
    assert written(tmp_path) == {
        1: {
            "monolith/session_up": 1,
            "monolith/barrier_placed": 1,
            "monolith/workers_held": 0,
            "monolith/barrier_held_since_age_seconds/operator": 2,
            "monolith/global_step": 1,
            "monolith/last_save_age_seconds": 7,
            "monolith/last_save_step": 0,
            "monolith/last_save_failed": 1,
        }
    }


def test_an_age_of_a_clock_with_a_late_epoch_is_exact_to_the_second(clock, play, config, tmp_path):
    """A float of 32 bits tells moments of today apart by two minutes."""

    def main():
        late = 1_800_000_000
        clock.sleep(late)
        saver = SimpleNamespace(
            last_save=SimpleNamespace(step=0, ended_ns=(late - 3) * 10**9, error=None)
        )
        hook = RunSummaryHook(
            str(tmp_path), BarrierOp(1, clock=clock), saver, every_secs=0, clock=clock
        )
        train(clock, config, hook, [0])

    play(main)
    assert written(tmp_path)[1]["monolith/last_save_age_seconds"] == 3


def test_a_graph_without_a_global_step_is_read_no_more_often_and_writes_nothing(
    clock, play, config, tmp_path, monkeypatch
):
    reads = []

    def main():
        barrier = BarrierOp(3, clock=clock)
        look = barrier.get_blocked_indices
        monkeypatch.setattr(barrier, "get_blocked_indices", lambda s: reads.append(s) or look(s))
        hook = RunSummaryHook(str(tmp_path), barrier, every_secs=60, clock=clock)
        one = tf.constant(1)
        creator = tf1.train.ChiefSessionCreator(config=config)
        with tf1.train.MonitoredSession(creator, [hook]) as session:
            for _ in range(3):
                session.run(one)

    play(main)
    assert len(reads) == 1
    assert not any(tmp_path.iterdir())
