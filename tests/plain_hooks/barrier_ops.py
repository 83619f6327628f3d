"""A barrier that workers block at (B17 to B24)."""

import threading
import time

import tensorflow as tf
from absl import logging


class BarrierAlreadyPlacedError(Exception):
    """The barrier is placed already."""


class BarrierOp:
    """Places and removes a barrier; index 0 is "placed", index i "worker i is blocked"."""

    def __init__(
        self, capacity, is_chief=True, wait_seconds=1, name_prefix="default", barrier_callbacks=None
    ):
        if capacity <= 0:
            raise ValueError(f"Shape must have a positive size, but got {capacity}.")
        self._capacity = capacity
        self._wait_seconds = wait_seconds
        self._callbacks = barrier_callbacks or []
        self._lock = threading.RLock()

        local = [tf.compat.v1.GraphKeys.LOCAL_VARIABLES]
        everywhere = [tf.compat.v1.GraphKeys.GLOBAL_VARIABLES]
        self._bits = tf.compat.v1.get_variable(
            "barrier_var",
            [capacity],
            tf.bool,
            tf.compat.v1.zeros_initializer(),
            trainable=False,
            collections=local if is_chief else everywhere,
            use_resource=True,
        )
        self._action = tf.compat.v1.get_variable(
            "barrier_op_action",
            [],
            tf.string,
            tf.compat.v1.constant_initializer(""),
            trainable=False,
            collections=local,
            use_resource=True,
        )

        with tf.compat.v1.name_scope(f"{name_prefix}_barrier_op"):
            self._all_bits = self._bits.read_value()
            self._placed = self._bits.read_value()[0]
            self._read_action = self._action.read_value()
            self._index_in = tf.compat.v1.placeholder(tf.int32, [])
            self._bit_in = tf.compat.v1.placeholder(tf.bool, [])
            self._action_in = tf.compat.v1.placeholder(tf.string, [])
            self._set_bit = tf.compat.v1.scatter_update(self._bits, self._index_in, self._bit_in).op
            set_action = self._action.assign(self._action_in, read_value=False)
            with tf.control_dependencies([set_action]):
                self._place = tf.compat.v1.scatter_update(self._bits, 0, True).op

    @property
    def barrier_placed_tensor(self):
        """The boolean scalar "the barrier is placed"."""
        return self._placed

    @property
    def capacity(self):
        """The number of bits, the chief's included."""
        return self._capacity

    def place_barrier(self, session, action=""):
        """Places the barrier with an action and runs the callbacks."""
        with self._lock:
            if self.is_barrier_placed(session):
                raise BarrierAlreadyPlacedError()
            session.run(self._place, {self._action_in: action})
            self._run_callbacks(action, session)

    def remove_barrier(self, session):
        """Removes the barrier; the action and the workers' bits stay."""
        with self._lock:
            self._write_bit(session, 0, False)

    def is_barrier_placed(self, session):
        """Whether the barrier is placed."""
        return bool(session.run(self._placed))

    def is_barrier_removed(self, session):
        """Whether the barrier isn't placed."""
        return not self.is_barrier_placed(session)

    def wait_until_barrier_removed(self, session, index):
        """Blocks worker `index` until the barrier is removed."""
        if index <= 0 or index >= self._capacity:
            raise ValueError(
                f"Index [{index}] must be non-negative and less than capacity [{self._capacity}]. "
            )
        with self._lock:
            self._write_bit(session, index, True)
            action = session.run(self._read_action).decode()
            self._run_callbacks(action, session)
        while not self.is_barrier_removed(session):
            logging.log_every_n_seconds(
                logging.INFO, "The worker %s waits until barrier removed.", 60, index
            )
            time.sleep(self._wait_seconds)
        self._write_bit(session, index, False)

    def is_all_blocked(self, session):
        """Whether all bits are set."""
        return len(self.get_blocked_indices(session)) == self._capacity

    def is_none_blocked(self, session):
        """Whether no bit is set."""
        return not self.get_blocked_indices(session)

    def get_blocked_indices(self, session):
        """The indices whose bit is set, ascending."""
        return [i for i, bit in enumerate(session.run(self._all_bits)) if bit]

    def get_unblocked_indices(self, session):
        """The indices whose bit isn't set, ascending."""
        return [i for i, bit in enumerate(session.run(self._all_bits)) if not bit]

    def _write_bit(self, session, index, bit):
        session.run(self._set_bit, {self._index_in: index, self._bit_in: bit})

    def _run_callbacks(self, action, session):
        for callback in self._callbacks:
            callback(action, session)


class BarrierHook(tf.compat.v1.train.SessionRunHook):
    """Blocks worker `index` after a step that has seen the barrier placed."""

    def __init__(self, index, barrier_op):
        self._index = index
        self._barrier_op = barrier_op

    def before_run(self, run_context):
        return tf.compat.v1.train.SessionRunArgs(self._barrier_op.barrier_placed_tensor)

    def after_run(self, run_context, run_values):
        if self._index > 0 and run_values.results:
            self._barrier_op.wait_until_barrier_removed(run_context.session, self._index)
