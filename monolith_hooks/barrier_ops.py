"""A barrier that can hold every worker of a run, kept in a variable of the graph.

The barrier is a boolean vector: bit 0 is set while the barrier is placed, bit ``i``
while worker ``i`` is blocked by it. The chief and the workers are different processes
that build the same graph, so the variable, which is on a parameter server, is the only
thing that they share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from absl import logging

from monolith_hooks.clock import SYSTEM_CLOCK, Clock
from monolith_hooks.variables import state_variable

BarrierCallback = Callable[[str, Any], None]
"""Called with the barrier's action and the session (B21)."""


class BarrierAlreadyPlacedError(Exception):
    """The barrier is already placed (B18)."""


class Hold(NamedTuple):
    """The barrier's being placed by one holder.

    Attributes:
        holder: The holder's name; empty if whoever placed it has none.
        action: The action that it was placed with.
        since_ns: The time since which it is held, by the barrier's clock.
    """

    holder: str
    action: str
    since_ns: int


class BarrierOp:
    """The barrier of one graph, as one process sees it.

    Threads: every method may be called by any thread, at any time between the
    session's creation and its close. One lock of this object makes test-and-place
    atomic and keeps callbacks of one process from overlapping. ``place_barrier``
    and ``remove_barrier`` hold it throughout, and ``wait_until_barrier_removed``
    until its callbacks have run, but *not* while it waits, as otherwise nobody in
    this process could remove the barrier. It is released on every way out. It isn't
    reentrant: a callback that places or removes this barrier, or waits at it, never
    returns. The lock doesn't cover other processes: that only the chief places the
    barrier is a convention of the job.

    Args:
        capacity: The length of the vector: the number of workers, the chief
            (index 0) included.
        is_chief: True if this process initialises the barrier. The chief's vector is a
            local variable, so each new session of the chief, including a recreated one,
            clears it. That of other processes is a global one, which a worker waits for and
            never initialises. The action is a local variable everywhere, so that each
            session that starts, a worker's too, empties it (B17).
        wait_seconds: Seconds that a blocked worker sleeps between two checks.
        name_prefix: Prefix of the operations' names. The variables' names don't
            depend on it, or chief and workers could miss each other.
        barrier_callbacks: Called in this order with the action and the session. The list
            isn't copied: callbacks that are appended to it later are called too (B21).
        clock: Provides the lock and the sleep.

    Raises:
        ValueError: ``capacity`` isn't positive, or the graph already has a barrier in this
            variable scope (B24).
    """

    def __init__(
        self,
        capacity: int,
        is_chief: bool = True,
        wait_seconds: float = 1,
        name_prefix: str = "default",
        barrier_callbacks: Sequence[BarrierCallback] | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if capacity <= 0:
            raise ValueError(f"capacity must be positive, it is {capacity}.")
        self._capacity = capacity
        self._wait_seconds = wait_seconds
        self._callbacks = barrier_callbacks or []
        self._clock = clock
        self._lock = clock.lock()
        self._holds: dict[str, Hold] = {}
        self._build(is_chief, name_prefix)

    def _build(self, is_chief: bool, name_prefix: str) -> None:
        keys = tf.compat.v1.GraphKeys
        kind = keys.LOCAL_VARIABLES if is_chief else keys.GLOBAL_VARIABLES
        self._bits = state_variable("barrier_var", [False] * self._capacity, kind)
        self._action = state_variable("barrier_op_action", "", keys.LOCAL_VARIABLES)
        with tf.name_scope(f"{name_prefix}_barrier"):
            self._bits_value = self._bits.read_value()
            self._action_value = self._action.read_value()
            self._placed = self._bits_value[0]
            self._index_input = tf.compat.v1.placeholder(tf.int32, [], name="index")
            self._bit_input = tf.compat.v1.placeholder(tf.bool, [], name="bit")
            self._action_input = tf.compat.v1.placeholder(tf.string, [], name="action")
            self._set_bit = self._bits.scatter_nd_update(
                [[self._index_input]], [self._bit_input]
            ).op
            # The action first, so that a process that sees the bit can read its action.
            with tf.control_dependencies([self._action.assign(self._action_input)]):
                self._place = self._bits.scatter_nd_update([[0]], [True]).op

    @property
    def barrier_placed_tensor(self) -> tf.Tensor:
        """Bit 0, a boolean scalar."""
        return self._placed

    @property
    def capacity(self) -> int:
        """The length of the vector."""
        return self._capacity

    @property
    def holds(self) -> tuple[Hold, ...]:
        """What this process has placed the barrier for, the earliest first.

        It is a note, which the original doesn't have: the bits in the graph are what counts.
        """
        return tuple(self._holds.values())

    def place_barrier(self, session: Any, action: str = "") -> None:
        """Place the barrier, then run the callbacks on this thread (B18).

        If a callback raises, the barrier stays placed and the later callbacks are skipped.

        Raises:
            BarrierAlreadyPlacedError: The barrier is already placed. No callback is
                run, and the action of the first placing is kept.
        """
        with self._lock:
            if self.is_barrier_placed(session):
                raise BarrierAlreadyPlacedError
            self._place_for("", action, session)

    def remove_barrier(self, session: Any) -> None:
        """Clear bit 0, set or not; the action and the workers' bits stay as they are (B19)."""
        with self._lock:
            self._holds.clear()
            self._write_bit(session, 0, False)

    def is_barrier_placed(self, session: Any) -> bool:
        """Return whether bit 0 is set."""
        return bool(session.run(self._placed))

    def is_barrier_removed(self, session: Any) -> bool:
        """Return whether bit 0 is clear."""
        return not self.is_barrier_placed(session)

    def wait_until_barrier_removed(self, session: Any, index: int) -> None:
        """Block this thread as worker ``index`` until bit 0 is clear (B20).

        The callbacks run even if the barrier isn't placed, with the last action. If a
        callback raises, or the session fails or is closed during the wait, the
        worker's bit stays set. Waiting is logged at INFO, once in 60 real seconds for
        all workers of this process.

        Raises:
            ValueError: ``index`` isn't above 0 and below the capacity.
        """
        if index <= 0 or index >= self._capacity:
            raise ValueError(
                f"Index [{index}] must be non-negative and less than capacity [{self._capacity}]. "
            )
        with self._lock:
            self._write_bit(session, index, True)
            action = session.run(self._action_value).decode()
            self._run_callbacks(action, session)
        while self.is_barrier_placed(session):
            logging.log_every_n_seconds(
                logging.INFO, "The worker %d waits until barrier removed.", 60, index
            )
            self._clock.sleep(self._wait_seconds)
        self._write_bit(session, index, False)

    def is_all_blocked(self, session: Any) -> bool:
        """Return whether all bits are set, bit 0 included (B23)."""
        return len(self.get_blocked_indices(session)) == self._capacity

    def is_none_blocked(self, session: Any) -> bool:
        """Return whether no bit is set, bit 0 included (B23)."""
        return not self.get_blocked_indices(session)

    def get_blocked_indices(self, session: Any) -> list[int]:
        """Return the indices of the bits that are set, ascending (B23)."""
        return [i for i, bit in enumerate(session.run(self._bits_value)) if bit]

    def get_unblocked_indices(self, session: Any) -> list[int]:
        """Return the indices of the bits that are clear, ascending (B23, B43)."""
        return [i for i, bit in enumerate(session.run(self._bits_value)) if not bit]

    def _place_for(self, holder: str, action: str, session: Any) -> None:
        """Place the barrier, which nobody has placed, with the lock held."""
        session.run(self._place, {self._action_input: action})
        self._holds.clear()  # Of an earlier session, if there are any.
        self._holds[holder] = Hold(holder, action, self._clock.now_ns())
        self._run_callbacks(action, session)

    def _write_bit(self, session: Any, index: int, bit: bool) -> None:
        session.run(self._set_bit, {self._index_input: index, self._bit_input: bit})

    def _run_callbacks(self, action: str, session: Any) -> None:
        for callback in self._callbacks:
            callback(action, session)


class BarrierHook(tf.compat.v1.train.SessionRunHook):
    """Hook that blocks a worker's training thread after a step that saw the barrier (B22).

    Args:
        index: The worker's index. 0 or less never blocks. An index that is out of
            range is noticed only when the barrier is placed: the step then
            raises ValueError.
        barrier_op: The barrier of the graph.
    """

    def __init__(self, index: int, barrier_op: BarrierOp) -> None:
        self._index = index
        self._barrier_op = barrier_op

    def before_run(self, run_context: Any) -> Any:  # noqa: ARG002
        """Return bit 0 as a fetch of the step."""
        return tf.compat.v1.train.SessionRunArgs(self._barrier_op.barrier_placed_tensor)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Block the training thread, without holding a lock, if the step saw the barrier."""
        if run_values.results and self._index > 0:
            self._barrier_op.wait_until_barrier_removed(run_context.session, self._index)
