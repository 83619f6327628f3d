"""A barrier that several may hold at once, so that none undoes another's stop.

The original's barrier has no owner: a save that ends lets go what an operator holds, and a
second stop is refused. Here each holder has a view of the same barrier.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierOp, Hold


class HeldBarrier(BarrierOp):
    """A barrier as one of its holders sees it: docs/production.md.

    Give each hook that places the barrier a view of its own. Workers need none. A view has the
    variables, the lock and the callbacks of the barrier that it is of, so what `BarrierOp` says
    of threads holds for all of them together.

    Args:
        barrier_op: The barrier of the graph.
        holder: The name of whoever places it through this view.
        releases: Names of holders for whom it is removed as well, such as those of alarms by
            an operator.

    Raises:
        ValueError: The name is empty.
    """

    def __init__(  # The barrier's own attributes are shared, not made.
        self, barrier_op: BarrierOp, holder: str, releases: Collection[str] = ()
    ) -> None:
        if not holder:
            raise ValueError("holder: expected a name, got an empty one")
        self.__dict__.update(barrier_op.__dict__)
        self._holder = holder
        self._releases = frozenset({holder, *releases})

    def place_barrier(self, session: Any, action: str = "") -> None:
        """Hold the barrier, which is placed unless somebody else holds it already.

        Where it is placed already the action stays as it is and no callback is run.

        Raises:
            BarrierAlreadyPlacedError: This holder holds it already.
        """
        with self._lock:
            if not self.is_barrier_placed(session):
                self._place_for(self._holder, action, session)
                return
            if self._holder in self._holds:
                raise BarrierAlreadyPlacedError
            if not self._holds:  # Another process has placed it.
                self._holds[""] = Hold("", "", self._clock.now_ns())
            self._holds[self._holder] = Hold(self._holder, action, self._clock.now_ns())

    def remove_barrier(self, session: Any) -> None:
        """Let go of the barrier, which is removed once nobody holds it."""
        with self._lock:
            for holder in self._releases:
                self._holds.pop(holder, None)
            if not self._holds:
                self._write_bit(session, 0, False)
