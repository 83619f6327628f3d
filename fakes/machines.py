"""The two health ops over fake parameter servers.

The health hook gets these ops in place of those of ``logging_ops``. They call back
into this process, so they work on a local session only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from fakes.ps import FakePs
from monolith_hooks import logging_ops, ps_check_hooks


class FakeMachines:
    """All the PS of a job, and the ops that a health hook builds for them."""

    def __init__(self, machines: Sequence[FakePs]) -> None:
        self._by_name = {
            ps_check_hooks.get_ps_machine_info_shared_name(index): machine
            for index, machine in enumerate(machines)
        }
        self._last_check: tf.Tensor | None = None

    def machine_info(
        self, mem_limit: int | None = None, shared_name: str | None = None
    ) -> tf.Tensor:
        """Return an op that creates the machine info of this PS, unless it exists."""
        limit = logging_ops.default_mem_limit() if mem_limit is None else mem_limit

        def create(name: bytes) -> object:
            self._by_name[name.decode()].create_machine_info(limit)
            return np.bytes_(name)

        return tf.numpy_function(create, [shared_name], tf.string)

    def check_machine_health(self, machine_info_tensor: tf.Tensor) -> tf.Tensor:
        """Return an op that returns the health of this PS.

        The ops of one graph run one after the other.
        """

        def check(name: bytes) -> object:
            return np.array(self._by_name[name.decode()].check(), dtype=object)

        previous = self._last_check
        same_graph = previous is not None and previous.graph is machine_info_tensor.graph
        with tf.control_dependencies([previous] if same_graph else []):
            self._last_check = tf.numpy_function(check, [machine_info_tensor], tf.string)
        return self._last_check
