"""The two health ops over fake parameter servers.

The health hook gets these ops in place of those of ``logging_ops``. They call back
into this process, so they work on a local session only.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
import tensorflow as tf

from fakes.ps import FakePs
from monolith_hooks import logging_ops, ps_check_hooks


class FakeMachines:
    """All the PS of a job, and the ops that a health hook builds for them."""

    def __init__(self, machines: Sequence[FakePs]) -> None:
        self._machines = machines
        self._index = {
            ps_check_hooks.get_ps_machine_info_shared_name(index): index
            for index in range(len(machines))
        }
        self._created: dict[Hashable, tuple[int, int]] = {}
        self._poll: _Poll | None = None

    def machine_info(
        self, mem_limit: int | None = None, shared_name: str | None = None
    ) -> tf.Tensor:
        """Return an op that creates the machine info of this PS, unless it exists."""
        limit = logging_ops.default_mem_limit() if mem_limit is None else mem_limit
        index = self._index[shared_name or ""]

        def create() -> object:
            self._machines[index].create_machine_info(limit)
            return np.bytes_(shared_name)

        info = tf.numpy_function(create, [], tf.string)
        self._created[info.ref()] = index, limit
        return info

    def check_machine_health(self, machine_info_tensor: tf.Tensor) -> tf.Tensor:
        """Return the health of this PS, whose machine info is created if it isn't there.

        A poll is what one hook fetches: a PS that is in it already begins the next.
        """
        index, limit = self._created[machine_info_tensor.ref()]
        graph = machine_info_tensor.graph
        if self._poll is None or self._poll.graph is not graph or index in self._poll.limits:
            self._poll = _Poll(graph, self._machines)
        return self._poll.add(index, limit)


class _Poll:
    """The health checks that are fetched together: one call back into this process for all.

    One for each PS, of which a poll may have thousands, would take most of a play's time.
    """

    def __init__(self, graph: tf.Graph, machines: Sequence[FakePs]) -> None:
        self.graph: Final = graph
        self.limits: Final[dict[int, int]] = {}
        """In the order of the checks."""
        self._machines = machines
        self._statuses = tf.numpy_function(self._check, [], [tf.string] * len(machines))

    def add(self, index: int, limit: int) -> tf.Tensor:
        """Have this PS checked after the others, and return its health."""
        self.limits[index] = limit
        return self._statuses[index]

    def _check(self) -> list[object]:
        for index, limit in self.limits.items():
            self._machines[index].create_machine_info(limit)
        statuses = [b""] * len(self._machines)
        for index in self.limits:
            statuses[index] = self._machines[index].check()
        return [np.array(status, dtype=object) for status in statuses]
