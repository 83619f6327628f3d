"""The hash tables of a graph, as far as hooks need them.

Monolith's tables are ops of its own. What counts their entries sees them through
``SlotTable``, and whoever makes a table adds it to the graph's tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import tensorflow as tf

_TABLES: Final = "monolith_hooks_slot_tables"


class SlotTable(Protocol):
    """A hash table whose entries belong to slots."""

    @property
    def device(self) -> str:
        """The device that it is on."""

    @property
    def is_multi(self) -> bool:
        """True for a multi hash table."""

    def slots(self) -> tf.Tensor:
        """Return an op for the slot of each entry: an integer vector of any length."""


@dataclass(frozen=True)
class KeyedSlotTable:
    """A ``SlotTable`` over TensorFlow's own hash table, whose keys begin with the slot.

    Args:
        table: The table, with int64 keys.
        slot_shift: The number of bits of a key below its slot.
        is_multi: True to stand for a multi hash table.
    """

    table: Any
    slot_shift: int
    is_multi: bool = False

    @property
    def device(self) -> str:
        """The device that it is on."""
        return str(self.table.resource_handle.device)

    def slots(self) -> tf.Tensor:
        """Return an op for the slot of each entry."""
        keys, _ = self.table.export()
        return tf.bitwise.right_shift(keys, self.slot_shift)


def add_table(table: SlotTable) -> None:
    """Add a table to those of the default graph."""
    tf.compat.v1.add_to_collection(_TABLES, table)


def get_tables() -> list[SlotTable]:
    """Return the tables of the default graph, in the order in which they were added."""
    tables: list[SlotTable] = tf.compat.v1.get_collection(_TABLES)
    return tables
