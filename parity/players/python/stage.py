"""The stage of a job: the placement of its session, its variables and its PS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from parity.players.python.job_hooks import HealthOps
from parity.spec.hooks import PsHealth


def session_config(waiting_ops: int = 0, **options: Any) -> tf.compat.v1.ConfigProto:
    """Return a configuration whose pool has a spare thread for each op that waits."""
    config = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=1,
        inter_op_parallelism_threads=max(4, 2 + waiting_ops),
        **options,
    )
    # Optimising a graph that is run a few times costs more than it saves: a third of a run.
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = tf.compat.v1.OptimizerOptions.L0
    return config


def local_config(waiting_ops: int) -> tf.compat.v1.ConfigProto:
    """Return the configuration of a session in this process, with its own pool of threads.

    The process's shared pool has the size that its first session chose.
    """
    return session_config(waiting_ops, use_per_session_threads=True)


@dataclass(frozen=True)
class Stage:
    """The session's master and configuration, the variables' device, and the health ops.

    ``health`` returns the ops of one health hook, as the polls of two hooks are independent.
    ``local_init_op`` returns the op that each new session runs, in the graph of the job;
    None is TensorFlow's own.
    """

    health: Callable[[PsHealth], HealthOps]
    config: tf.compat.v1.ConfigProto
    master: str = ""
    device: str = ""
    local_init_op: Callable[[], tf.Operation | None] = lambda: None
