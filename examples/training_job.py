"""A training job with the hooks and the controller: ``python examples/training_job.py MODEL_DIR``.

A chief, one more worker and one PS, all in this process, train some steps a second until
Ctrl-C. Operate it with ``monolith-controller``.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from typing import Any

import tensorflow as tf

# [start:hooks]
from monolith_hooks import logging_ops, ps_check_hooks, save_utils
from monolith_hooks.barrier_ops import BarrierHook, BarrierOp
from monolith_hooks.device_utils import ps_device
from monolith_hooks.server.server_lib import ServerHook


def chief_hooks(model_dir: str, barrier: BarrierOp, num_ps: int) -> tuple[list[Any], list[Any]]:
    """The chief's hooks, and ops for its session's initialization."""
    limits = []
    for ps in range(num_ps):
        # Ahead of the health hook: the first to create machine info on a PS fixes its limit.
        with tf.device(ps_device(ps)):
            name = ps_check_hooks.get_ps_machine_info_shared_name(ps)
            limits.append(logging_ops.machine_info(mem_limit=64 * 2**30, shared_name=name).op)
    saver = save_utils.NoFirstSaveCheckpointSaverHook(model_dir, save_secs=600)
    health = ps_check_hooks.PsHealthCheckerHook(ps_check_hooks.Config(barrier, num_ps))
    server = ServerHook(model_dir, barrier, saver)
    return [health, saver, server, BarrierHook(0, barrier)], limits


# [end:hooks]


def main(model_dir: str) -> None:
    """Train until Ctrl-C."""
    # One server is PS and worker at once: its own memory is what the health hook watches.
    server = tf.distribute.Server({"ps": ["localhost:0"]}, job_name="ps", task_index=0)
    step = tf.compat.v1.assign_add(tf.compat.v1.train.get_or_create_global_step(), 1)
    barrier = BarrierOp(capacity=2)
    hooks, limits = chief_hooks(model_dir, barrier, num_ps=1)
    init = tf.group(tf.compat.v1.train.Scaffold.default_local_init_op(), *limits)
    scaffold = tf.compat.v1.train.Scaffold(local_init_op=init)
    chief = tf.compat.v1.train.ChiefSessionCreator(scaffold, master=server.target)
    with tf.compat.v1.train.MonitoredSession(chief, hooks) as session:
        worker = threading.Thread(target=train_worker, args=(server, scaffold, barrier, step))
        worker.daemon = True
        worker.start()
        print(f"training; operate it with --model-dir {model_dir}", flush=True)
        while not session.should_stop():
            session.run(step)
            time.sleep(0.1)


def train_worker(server: Any, scaffold: Any, barrier: BarrierOp, step: Any) -> None:
    """Worker 1, whom a stop holds."""
    creator = tf.compat.v1.train.WorkerSessionCreator(scaffold, master=server.target)
    hooks = [BarrierHook(1, barrier)]
    with step.graph.as_default(), tf.compat.v1.train.MonitoredSession(creator, hooks) as session:
        while not session.should_stop():
            session.run(step)
            time.sleep(0.1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: training_job.py MODEL_DIR")
    tf.compat.v1.disable_eager_execution()
    with suppress(KeyboardInterrupt):
        main(sys.argv[1])
