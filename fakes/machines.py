"""The two health ops over fake parameter servers.

The health hook gets these ops in place of those of ``logging_ops``. They call
back into this process, so they work on a local session only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import tensorflow as tf

from fakes.ps import FakePs
from monolith_hooks import logging_ops, ps_check_hooks


class FakeMachines:
    """The health ops of one hook, over all the PS of a job.

    Args:
        machines: The PS.
        deadline: Returns the time in nanoseconds at which a poll that begins now fails, as it
            does at the deadline of a run on real ones; None is never.
    """

    def __init__(
        self, machines: Sequence[FakePs], deadline: Callable[[], int | None] = lambda: None
    ) -> None:
        self._machines = machines
        self._deadline = deadline
        self._index: dict[str | None, int] = {
            ps_check_hooks.get_ps_machine_info_shared_name(index): index
            for index in range(len(machines))
        }
        self._infos: dict[Hashable, tuple[int, int]] = {}
        """The index and the limit of each PS, by the reference of its machine info."""
        self._polls: dict[tf.Graph, _Poll] = {}

    def machine_info(
        self, mem_limit: int | None = None, shared_name: str | None = None
    ) -> tf.Tensor:
        """Return an op that creates the machine info of this PS, unless it exists."""
        limit = logging_ops.default_mem_limit() if mem_limit is None else mem_limit
        index = self._index[shared_name]

        def create() -> object:
            self._machines[index].create_machine_info(limit)
            return np.bytes_(shared_name)

        info = tf.numpy_function(create, [], tf.string)
        self._infos[info.ref()] = index, limit
        return info

    def check_machine_health(self, machine_info_tensor: tf.Tensor) -> tf.Tensor:
        """Return the health of this PS, whose machine info is created if it isn't there.

        A second check of the same machine info is an op of its own, which checks nothing else.
        """
        graph = machine_info_tensor.graph
        index, limit = self._infos[machine_info_tensor.ref()]
        if graph not in self._polls:
            self._polls[graph] = _Poll(self._machines, self._deadline)
        if self._polls[graph].has(index):
            return _Poll(self._machines, self._deadline).add(index, limit)
        return self._polls[graph].add(index, limit)


class _Poll:
    """The health checks in one graph: one callback into this process, whichever are fetched.

    One for each PS, of which there may be thousands, would take most of a play's time.
    """

    def __init__(self, machines: Sequence[FakePs], deadline: Callable[[], int | None]) -> None:
        self._machines = machines
        self._deadline = deadline
        self._limits: dict[int, int] = {}
        """The limit of each PS that is checked, by index, in the order of the checks."""
        self._statuses = tf.numpy_function(self._check, [], [tf.string] * len(machines))

    def has(self, index: int) -> bool:
        """Return whether this PS is checked."""
        return index in self._limits

    def add(self, index: int, limit: int) -> tf.Tensor:
        """Have this PS checked after the others, and return its health."""
        self._limits[index] = limit
        return self._statuses[index]

    def _check(self) -> list[object]:
        for index, limit in self._limits.items():
            self._machines[index].create_machine_info(limit)
        statuses = [b""] * len(self._machines)
        deadline = self._deadline()
        for index in self._limits:
            statuses[index] = self._machines[index].check(deadline)
        return [np.array(status, dtype=object) for status in statuses]
