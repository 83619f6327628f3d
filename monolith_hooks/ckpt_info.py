"""The number of a model's entries by slot, written beside each checkpoint."""

from __future__ import annotations

import os
from typing import Any, Final

import numpy as np
import tensorflow as tf
from google.protobuf import text_format

from monolith_hooks.ckpt_info_pb2 import CkptInfo
from monolith_hooks.files import write_atomically
from monolith_hooks.hash_tables import SlotTable, get_tables

SLOTS: Final = 102_400
"""Slots that are counted; what would be above counts as the last one (B69)."""


class FidSlotCountSaverListener(tf.compat.v1.train.CheckpointSaverListener):
    """Listener that writes the number of entries of each slot before each save (B67-B70).

    It counts on each device that has tables, and adds up. A graph with a multi hash table
    is not counted, and nothing is written.

    Args:
        model_dir: The directory of the files ``ckpt.info-<step>``; created if it doesn't exist.

    Raises:
        ValueError: The graph has no hash tables.
    """

    def __init__(self, model_dir: str) -> None:
        tables = get_tables()
        if not tables:
            raise ValueError("The graph has no hash tables; expected some before this listener.")
        self._model_dir = model_dir
        by_device: dict[str, list[SlotTable]] = {}
        for table in tables:
            by_device.setdefault(table.device, []).append(table)
        # Nothing is counted beside a multi hash table (B70).
        counted = {} if any(table.is_multi for table in tables) else by_device
        self._counts = [_count(device, on_it) for device, on_it in counted.items()]

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Count, and write the file of this step.

        Raises:
            tf.errors.InvalidArgumentError: An entry has a negative slot (B69).
        """
        if not self._counts:
            return
        total = np.sum(session.run(self._counts), axis=0)
        info = CkptInfo(slot_counts={int(slot): int(total[slot]) for slot in np.flatnonzero(total)})
        tf.io.gfile.makedirs(self._model_dir)
        path = os.path.join(self._model_dir, f"ckpt.info-{global_step_value}")
        write_atomically(path, text_format.MessageToString(info))


def _count(device: str, tables: list[SlotTable]) -> tf.Tensor:
    """Return an op that counts the entries of a device's tables anew: int64, by slot."""
    with tf.device(device):
        # In no collection of variables to initialize or to save: clearing it makes it.
        counter = tf.compat.v1.Variable(
            tf.zeros([SLOTS], tf.int64),
            name="slot_counter",
            collections=[tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES],
            use_resource=True,
        )
        done = counter.assign(tf.zeros([SLOTS], tf.int64)).op
        for table in tables:
            with tf.control_dependencies([done]):
                slots = tf.cast(table.slots(), tf.int64)
                is_slot = tf.debugging.assert_non_negative(slots, "a slot is negative")
            with tf.control_dependencies([is_slot]):
                slot = tf.minimum(slots, SLOTS - 1)[:, tf.newaxis]
                done = counter.scatter_nd_add(slot, tf.ones_like(slots)).op
        with tf.control_dependencies([done]):
            return counter.read_value()
