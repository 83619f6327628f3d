"""A small model trained between graphs: one chief, some workers, some PS, and all the hooks.

Each process of the job runs this, with the same cluster file (docs/cluster.md)::

    python -m examples.train --cluster examples/cluster.json --job ps --task 0
    python -m examples.train --cluster examples/cluster.json --job chief --model-dir /tmp/m
    python -m examples.train --cluster examples/cluster.json --job worker --task 0

Chief and workers build the same graph and each takes its own steps; what they share
lives on the PS. The chief is worker 0 of the barrier, and is never held by it. The
model learns which of two piles a random point was drawn from.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import tensorflow as tf

from monolith_hooks import logging_ops, ps_check_hooks
from monolith_hooks.barrier_ops import BarrierHook, BarrierOp
from monolith_hooks.device_utils import ps_device
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server.server_lib import ServerHook

tf1 = tf.compat.v1

FEATURES = 8
BATCH = 64


def main(argv: list[str] | None = None) -> None:
    """Run one process of the job."""
    options = parse(argv)
    cluster = json.loads(options.cluster.read_text(encoding="utf-8"))
    # Each process sees the PS and itself: whatever happens to other workers, it goes on.
    config = tf1.ConfigProto(device_filters=["/job:ps", f"/job:{options.job}/task:{options.task}"])
    server = tf.distribute.Server(cluster, options.job, options.task, config=config)
    if options.job == "ps":
        server.join()
    with tf.Graph().as_default():
        train(options, cluster, server.target, config)


def train(options: argparse.Namespace, cluster: dict[str, Any], master: str, config: Any) -> None:
    """Train as chief or worker until the global step has come far enough."""
    is_chief = options.job == "chief"
    num_ps, num_workers = len(cluster["ps"]), 1 + len(cluster.get("worker", []))
    index = 0 if is_chief else options.task + 1
    here = f"/job:{options.job}/task:{options.task}"
    with tf1.device(tf1.train.replica_device_setter(ps_tasks=num_ps, worker_device=here)):
        loss, train_op, global_step = build_model(seed=index)
    with tf.device(ps_device(0)):
        barrier = BarrierOp(capacity=num_workers, is_chief=is_chief)
    hooks = [
        BarrierHook(index, barrier),
        tf1.train.StopAtStepHook(last_step=options.steps),
        tf1.train.LoggingTensorHook({"step": global_step, "loss": loss}, every_n_secs=10),
    ]
    if is_chief:
        saver = NoFirstSaveCheckpointSaverHook(str(options.model_dir), save_secs=60)
        health = ps_check_hooks.PsHealthCheckerHook(ps_check_hooks.Config(barrier, num_ps))
        hooks = [health, saver, ServerHook(str(options.model_dir), barrier, saver), *hooks]
        creator = tf1.train.ChiefSessionCreator(
            tf1.train.Scaffold(local_init_op=local_init(num_ps, options.ps_mem_limit)),
            master=master,
            config=config,
            checkpoint_dir=str(options.model_dir),
        )
    else:
        creator = SoonReady(master, config)
    with tf1.train.MonitoredSession(creator, hooks=hooks) as session:
        while not session.should_stop():
            session.run(train_op)
            time.sleep(options.pause)


def build_model(seed: int) -> tuple[Any, Any, Any]:
    """A logistic regression on points that each process draws for itself."""
    global_step = tf1.train.get_or_create_global_step()
    label = tf.cast(tf.random.uniform([BATCH, 1], maxval=2, dtype=tf.int32, seed=seed), tf.float32)
    points = tf.random.normal([BATCH, FEATURES], seed=seed) + label
    weights = tf1.get_variable("weights", [FEATURES, 1], use_resource=True)
    bias = tf1.get_variable("bias", [1], use_resource=True)
    logits = tf.matmul(points, weights) + bias
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=label, logits=logits))
    optimizer = tf1.train.AdagradOptimizer(0.1)
    return loss, optimizer.minimize(loss, global_step=global_step), global_step


def local_init(num_ps: int, mem_limit: int) -> Any:
    """What each new session of the chief runs first: it fixes the limit of each PS."""
    limits = []
    for ps in range(num_ps):
        with tf.device(ps_device(ps)):
            name = ps_check_hooks.get_ps_machine_info_shared_name(ps)
            limits.append(logging_ops.machine_info(mem_limit, name).op)
    return tf.group(tf1.train.Scaffold.default_local_init_op(), *limits)


class SoonReady(tf.compat.v1.train.SessionCreator):
    """A worker's session creator that looks every second whether the chief has initialized.

    TensorFlow's own looks every 30 s.
    """

    def __init__(self, master: str, config: Any) -> None:
        self._master, self._config = master, config
        self._scaffold = tf1.train.Scaffold()

    def create_session(self) -> Any:
        """What a MonitoredSession asks for."""
        scaffold = self._scaffold.finalize()
        manager = tf1.train.SessionManager(
            local_init_op=scaffold.local_init_op,
            ready_op=scaffold.ready_op,
            ready_for_local_init_op=scaffold.ready_for_local_init_op,
            recovery_wait_secs=1,
        )
        return manager.wait_for_session(self._master, config=self._config)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.train", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--cluster", type=Path, required=True, help="addresses by job, JSON")
    parser.add_argument("--job", choices=["ps", "chief", "worker"], required=True)
    parser.add_argument("--task", type=int, default=0, help="index in the job's addresses")
    parser.add_argument("--model-dir", type=Path, default=Path("/tmp/monolith-example"))  # noqa: S108 - an example's default
    parser.add_argument("--steps", type=int, default=100_000, help="global step to stop at")
    parser.add_argument("--pause", type=float, default=0.01, help="seconds between two steps")
    parser.add_argument("--ps-mem-limit", type=int, default=8 << 30, help="bytes")
    return parser.parse_args(argv)


if __name__ == "__main__":
    tf1.logging.set_verbosity(tf1.logging.INFO)
    main()
