"""What a run measures of itself, read in a session."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.held_barrier import HeldBarrier
from monolith_hooks.resilient_watch import WatchStatus
from monolith_hooks.run_metrics import Measurement, RunMetrics

tf1 = tf.compat.v1


def values(measurements):
    return {each.name: each.value for each in measurements if each.label is None}


def labels(measurements, name):
    return {each.label: each.value for each in measurements if each.name == name}


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def session(config, graph):
    return tf1.Session(graph=graph, config=config)


def initialize(session):
    session.run([tf1.global_variables_initializer(), tf1.local_variables_initializer()])


def test_a_barrier_that_is_not_placed_holds_nobody(session):
    metrics = RunMetrics(BarrierOp(3))
    initialize(session)
    assert values(metrics.read(session)) == {
        "session_up": 1,
        "barrier_placed": 0,
        "workers_held": 0,
    }


def test_a_worker_that_has_not_seen_the_removal_is_held_by_a_barrier_that_is_not_placed(session):
    barrier = BarrierOp(3)
    initialize(session)
    barrier._write_bit(session, 2, True)
    read = values(RunMetrics(barrier).read(session))
    assert (read["barrier_placed"], read["workers_held"]) == (0, 1)


def test_a_barrier_says_its_holders_since_when_and_how_many_workers_it_blocks(clock, play, config):
    def main():
        barrier = BarrierOp(4, clock=clock)
        session = tf1.Session(config=config)
        initialize(session)
        for holder in ("ps_health", "operator"):
            clock.sleep(10)
            HeldBarrier(barrier, holder).place_barrier(session)
        barrier._write_bit(session, 2, True)
        return RunMetrics(barrier).read(session)

    read = play(main)
    assert values(read) == {"session_up": 1, "barrier_placed": 1, "workers_held": 1}
    assert labels(read, "barrier_held_since_timestamp_seconds") == {
        ("holder", "ps_health"): 10,
        ("holder", "operator"): 20,
    }


def test_a_graph_with_a_global_step_says_it(session):
    step = tf1.assign_add(tf1.train.get_or_create_global_step(), 7)
    metrics = RunMetrics(BarrierOp(1))
    initialize(session)
    session.run(step)
    assert values(metrics.read(session))["global_step"] == 7


@pytest.mark.parametrize("closed", [True, False])
def test_without_a_session_that_can_be_read_the_hooks_are_still_read(session, closed):
    saver = SimpleNamespace(last_save=SimpleNamespace(step=4, ended_ns=5 * 10**9, error=None))
    metrics = RunMetrics(BarrierOp(3), saver)
    session.close()
    assert values(metrics.read(session if closed else None)) == {
        "session_up": 0,
        "last_save_timestamp_seconds": 5,
        "last_save_step": 4,
        "last_save_failed": 0,
    }


def test_everything_is_described_in_a_sentence():
    saver = SimpleNamespace(last_save=SimpleNamespace(step=4, ended_ns=0, error=None))
    health = SimpleNamespace(watch_status=WatchStatus(last_good_poll_ns=0, unhealthy=(0,)))
    read = RunMetrics(BarrierOp(1), saver, health).read(None)
    assert len(read) == 10
    assert [each.name for each in read if not str(each.about).endswith(".")] == []


def test_a_save_that_failed_is_said():
    saver = SimpleNamespace(last_save=SimpleNamespace(step=4, ended_ns=0, error="OutOfRangeError"))
    assert values(RunMetrics(BarrierOp(1), saver).read(None))["last_save_failed"] == 1


def test_hooks_that_did_nothing_yet_say_nothing():
    metrics = RunMetrics(
        BarrierOp(1), SimpleNamespace(last_save=None), SimpleNamespace(watch_status=None)
    )
    assert values(metrics.read(None)) == {"session_up": 0}


def test_a_watch_says_its_counts_its_last_good_poll_and_who_is_unhealthy():
    status = WatchStatus(
        polls=9,
        failed_polls=2,
        alarms=3,
        failed_reports=1,
        last_good_poll_ns=30 * 10**9,
        unhealthy=(0, 12),
    )
    read = RunMetrics(BarrierOp(1), health_hook=SimpleNamespace(watch_status=status)).read(None)
    assert values(read) == {
        "session_up": 0,
        "health_polls": 9,
        "health_polls_failed": 2,
        "health_alarms": 3,
        "health_reports_failed": 1,
        "health_last_good_poll_timestamp_seconds": 30,
    }
    assert {each.name for each in read if each.kind == "counter"} == {
        "health_polls",
        "health_polls_failed",
        "health_alarms",
        "health_reports_failed",
    }
    assert labels(read, "ps_unhealthy") == {("ps", "0"): 1, ("ps", "12"): 1}


def test_a_watch_without_a_good_poll_has_no_time_of_one():
    health = SimpleNamespace(watch_status=WatchStatus())
    read = RunMetrics(BarrierOp(1), health_hook=health).read(None)
    assert "health_last_good_poll_timestamp_seconds" not in values(read)
    assert Measurement("health_polls", "Polls that have ended.", 0.0, "counter") in read
