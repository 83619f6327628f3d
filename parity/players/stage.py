"""What a job runs on: where its session, its variables and its PS are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from parity.players.job_hooks import HealthOps

# A health check that waits holds a thread of the pool, so each session has a pool of its own
# and a few more threads than cores: the process's pool has the size its first session chose.
_THREADS = {
    "intra_op_parallelism_threads": 1,
    "inter_op_parallelism_threads": 4,
    "use_per_session_threads": True,
}


def session_config(**options: Any) -> tf.compat.v1.ConfigProto:
    """What every session of a play is configured with, and what this one is besides."""
    return tf.compat.v1.ConfigProto(**_THREADS, **options)


@dataclass(frozen=True)
class Stage:
    """The session's master and configuration, the variables' device, and whose health is checked.

    ``local_init_op`` makes the op that each new session runs, in the graph of the job;
    None is TensorFlow's own.
    """

    health: HealthOps
    config: tf.compat.v1.ConfigProto = field(default_factory=session_config)
    master: str = ""
    device: str = ""
    local_init_op: Callable[[], tf.Operation | None] = lambda: None
