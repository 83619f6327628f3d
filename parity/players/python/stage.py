"""What a job runs on: where its session, its variables and its PS are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from parity.players.python.job_hooks import HealthOps


def session_config(waiting_ops: int = 0, **options: Any) -> tf.compat.v1.ConfigProto:
    """A configuration whose pool can lose a thread to each op that waits, and still go on."""
    config = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=1,
        inter_op_parallelism_threads=max(4, 2 + waiting_ops),
        **options,
    )
    # Optimising a graph that is run a few times costs more than it saves: a third of a play.
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = tf.compat.v1.OptimizerOptions.L0
    return config


def local_config(waiting_ops: int) -> tf.compat.v1.ConfigProto:
    """That of a session in this process, with a pool of threads of its own.

    The process's pool has the size that its first session chose.
    """
    return session_config(waiting_ops, use_per_session_threads=True)


@dataclass(frozen=True)
class Stage:
    """The session's master and configuration, the variables' device, and whose health is checked.

    ``health`` makes the ops of one health hook: two hooks' polls have nothing to do with
    each other.
    ``local_init_op`` makes the op that each new session runs, in the graph of the job;
    None is TensorFlow's own.
    """

    health: Callable[[], HealthOps]
    config: tf.compat.v1.ConfigProto
    master: str = ""
    device: str = ""
    local_init_op: Callable[[], tf.Operation | None] = lambda: None
