"""A checkpoint that is asked for in the middle of a step, on the system's clock and threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from monolith_hooks.clock import SystemClock
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook

tf1 = tf.compat.v1
SECONDS = 20
"""For what comes at once."""
CONFIG = tf1.ConfigProto(inter_op_parallelism_threads=4, use_per_session_threads=True)
"""A save has a thread to run on beside the step that waits."""


class Step:
    """A step that adds 1 to two variables, and between the two waits to be let on."""

    def __init__(self):
        self.is_half_done = threading.Event()
        self.may_go_on = threading.Event()
        self.one = tf1.get_variable("one", [], tf.int64, tf1.zeros_initializer())
        self.two = tf1.get_variable("two", [], tf.int64, tf1.zeros_initializer())
        with tf.control_dependencies([tf1.assign_add(self.one, 1)]):
            half = tf.numpy_function(self._wait, [], tf.int64)
        with tf.control_dependencies([tf1.assign_add(self.two, half)]):
            self.op = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)

    def _wait(self):
        self.is_half_done.set()
        assert self.may_go_on.wait(SECONDS)
        return np.int64(1)


class WaitingClock(SystemClock):
    """A clock on which whoever waits lets the step go on."""

    def __init__(self):
        self.on_wait = lambda: None

    def wait_for_stop(self, coord, timeout=None):
        self.on_wait()
        return super().wait_for_stop(coord, timeout)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


def saved_in_the_middle(model_dir, **options):
    """The two variables in a checkpoint that was asked for in the middle of a step."""
    step, clock = Step(), WaitingClock()
    clock.on_wait = step.may_go_on.set
    hook = NoFirstSaveCheckpointSaverHook(
        str(model_dir), save_secs=10**6, clock=clock, no_first_save=False, **options
    )
    creator = tf1.train.ChiefSessionCreator(config=CONFIG)
    with (
        ThreadPoolExecutor(1) as operator,
        tf1.train.MonitoredSession(creator, [hook]) as session,
    ):

        def save():
            assert step.is_half_done.wait(SECONDS)
            hook.trigger_save(session._tf_sess())
            seen = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(model_dir)))
            step.may_go_on.set()
            return [int(seen.get_tensor(name)) for name in ("one", "two", "global_step")]

        saved = operator.submit(save)
        session.run(step.op)
        return saved.result(SECONDS)


def test_by_default_it_has_half_of_the_step(tmp_path):
    assert saved_in_the_middle(tmp_path) == [1, 0, 0]


def test_a_save_that_waits_for_steps_has_all_of_it(tmp_path):
    assert saved_in_the_middle(tmp_path, step_wait_seconds=SECONDS) == [1, 1, 1]


class RaisesOnce(tf1.train.SessionRunHook):
    def __init__(self):
        self.has_raised = False

    def before_run(self, run_context):
        if not self.has_raised:
            self.has_raised = True
            raise ValueError("at first")


def test_a_step_that_raised_is_over_when_the_next_one_begins(tmp_path, clock, play):
    def main():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        hook = NoFirstSaveCheckpointSaverHook(
            str(tmp_path),
            save_secs=10**6,
            clock=clock,
            no_first_save=False,
            step_wait_seconds=30,
        )
        saved = []

        def save():
            hook.trigger_save(raw)
            saved.append(clock.now())

        with tf1.train.SingularMonitoredSession([hook, RaisesOnce()]) as session:
            raw = session._tf_sess()
            with pytest.raises(ValueError, match="at first"):
                session.run(step)
            clock.start_thread(save, name="save")
            clock.sleep(5)
            assert saved == []
            session.run(step)
            assert saved == [5]

    play(main)


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan"), float("inf")])
def test_a_wait_of_less_than_nothing_is_refused(tmp_path, seconds):
    tf1.train.get_or_create_global_step()
    with pytest.raises(ValueError, match="step_wait_seconds: expected 0 or more, got"):
        NoFirstSaveCheckpointSaverHook(str(tmp_path), save_secs=1, step_wait_seconds=seconds)


@pytest.mark.parametrize("seconds", [0, 0.001])
def test_a_wait_may_be_short(tmp_path, seconds):
    tf1.train.get_or_create_global_step()
    NoFirstSaveCheckpointSaverHook(str(tmp_path), save_secs=1, step_wait_seconds=seconds)


def test_between_steps_a_save_does_not_wait(tmp_path):
    step, clock = Step(), WaitingClock()
    step.may_go_on.set()
    clock.on_wait = lambda: pytest.fail("it waits")
    hook = NoFirstSaveCheckpointSaverHook(
        str(tmp_path), save_secs=10**6, clock=clock, step_wait_seconds=0
    )
    creator = tf1.train.ChiefSessionCreator(config=CONFIG)
    with tf1.train.MonitoredSession(creator, [hook]) as session:
        session.run(step.op)
        hook.trigger_save(session._tf_sess())
        assert tf.train.latest_checkpoint(str(tmp_path)).endswith("-1")
