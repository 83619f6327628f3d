"""A chief in a process of its own, whose resilient watch asks the PS at the given addresses.

Prints ``report <ps> ...`` for each report, and ``up`` when it watches. On stdin: ``status`` is
answered with the unhealthy PS, ``hang`` makes the next report hang, ``end`` stops the
coordinator, is answered with the seconds until the watch has ended, and exits.
"""

import functools
import os
import sys
import threading
import time
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[2]))

from monolith_hooks import BarrierOp, Config, PsHealthCheckerHook, Resilience, logging_ops

POLL_DEADLINE, REPORT_DEADLINE = 1.0, 2.0
LIMIT = 1 << 30

tf1 = tf.compat.v1
hangs = threading.Event()


def say(*words):
    print(*words, flush=True)


def report(results):
    say("report", *results)
    if hangs.is_set():
        hangs.clear()
        threading.Event().wait()


own = tf.distribute.Server({"local": ["localhost:0"]}, job_name="local", task_index=0)
jobs = {"chief": [own.target.removeprefix("grpc://")], "ps": sys.argv[1:]}
config = tf1.ConfigProto()
config.cluster_def.CopyFrom(tf.train.ClusterSpec(jobs).as_cluster_def())
with tf.Graph().as_default():
    with tf.device("/job:chief/task:0"):
        barrier = BarrierOp(1)
    hook = PsHealthCheckerHook(
        Config(barrier, len(sys.argv) - 1, report_fn=report),
        machine_info=functools.partial(logging_ops.machine_info, mem_limit=LIMIT),
        poll_seconds=0.2,
        resilience=Resilience(POLL_DEADLINE, REPORT_DEADLINE, 0.1, 2),
    )
    hook.begin()
    session = tf1.Session(own.target, config=config)
    session.run(tf1.local_variables_initializer())
    coord = tf.train.Coordinator()
    hook.after_create_session(session, coord)
    while hook.watch_status.polls == 0:
        time.sleep(0.05)
    say("up")
    for line in sys.stdin:
        match line.strip():
            case "status":
                say(*hook.watch_status.unhealthy)
            case "hang":
                hangs.set()
                say("")
            case "end":
                begun = time.monotonic()
                coord.request_stop()
                coord.join(stop_grace_period_secs=60)
                say(round(time.monotonic() - begun, 3))
                os._exit(0)  # As closing the session would hang with a PS that is stopped.
