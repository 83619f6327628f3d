from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.job import Job, scenario, until

HANG = 3.0
"""Seconds of real time; a step takes a hundredth of one where nothing is dead."""
PS = Path(__file__).parents[1] / "monolith_hooks" / "ps_process.py"
SINGULAR = """\
import os
import sys
import tensorflow as tf

tf1 = tf.compat.v1
config = tf1.ConfigProto()
config.cluster_def.CopyFrom(tf.train.ClusterSpec({"ps": sys.argv[1:]}).as_cluster_def())
with tf.Graph().as_default():
    with tf.device("/job:ps/task:1"):
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
    session = tf1.train.SingularMonitoredSession(master=f"grpc://{sys.argv[1]}", config=config)
    print(session.run(step), flush=True)
    sys.stdin.readline()
    try:
        session.run(step)
    except tf.errors.OpError as error:
        print(type(error).__name__, flush=True)
    os._exit(0)  # As closing the session would hang.
"""


@pytest.mark.covers("B49c")
def test_a_recovering_session_waits_until_a_killed_ps_is_back(zygote, tmp_path):
    with Job(zygote, tmp_path, scenario(2, 2)) as job:
        until(lambda: job.global_step() is not None, "the controller answers")
        job.train("chief")
        job.train("worker-1")
        until(lambda: len(job.steps) == 2, "chief and worker take steps")
        job.cluster.kill("ps-0")
        time.sleep(HANG)
        held = job.steps_taken()
        time.sleep(HANG)
        assert job.steps_taken() == held
        job.restart("ps-0")
        until(lambda: job.steps_taken() > held + 10, "steps are taken again")


@pytest.mark.covers("B49b")
def test_a_singular_session_fails_with_unavailable_error_when_a_ps_was_killed():
    with Child([str(PS)]) as first, Child([str(PS)]) as second:
        addresses = [first.line(), second.line()]
        with Child(["-c", SINGULAR, *addresses]) as chief:
            assert chief.line() == "1"
            second.process.kill()
            second.process.wait()
            chief.process.stdin.write("\n")
            chief.process.stdin.flush()
            assert chief.line() == "UnavailableError"


class Child:
    """A Python process that is spoken to by lines."""

    def __init__(self, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd="/",
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        return self.process.stdout.readline().strip()
