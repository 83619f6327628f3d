from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf
from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monolith_hooks.ckpt_info import SLOTS, FidSlotCountSaverListener
from monolith_hooks.ckpt_info_pb2 import CkptInfo
from monolith_hooks.hash_tables import KeyedSlotTable, add_table

tf1 = tf.compat.v1
SHIFT = 20


class Table:
    """A table of the graph, into which entries of slots can be put."""

    def __init__(self, is_multi: bool = False, device: str = "/cpu:0") -> None:
        with tf.device(device):
            self.table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, 0)
        self._keys = tf1.placeholder(tf.int64, [None])
        self._insert = self.table.insert(self._keys, self._keys)
        add_table(KeyedSlotTable(self.table, SHIFT, is_multi))

    def put(self, session: Any, slots: list[int]) -> None:
        keys = [(slot << SHIFT) + i for i, slot in enumerate(slots)]
        session.run(self._insert, {self._keys: keys})


def read(folder: Any, step: int) -> dict[int, int]:
    text = (folder / f"ckpt.info-{step}").read_text()
    return dict(text_format.Parse(text, CkptInfo()).slot_counts)


@pytest.mark.covers("B67a")
def test_a_graph_without_tables_is_refused(tmp_path):
    with tf.Graph().as_default(), pytest.raises(ValueError, match="no hash tables"):
        FidSlotCountSaverListener(str(tmp_path))


@pytest.mark.covers("B68a", "B68b", "B68c", "B68d", "B68e")
def test_entries_are_counted_by_slot_over_all_devices_and_anew_each_time(tmp_path, config):
    folder = tmp_path / "new"
    with tf.Graph().as_default():
        tables = [Table(), Table(), Table(device="/cpu:1")]
        listener = FidSlotCountSaverListener(str(folder))
        config.device_count["CPU"] = 2
        with tf1.Session(config=config) as session:
            listener.before_save(session, 0)
            for table in tables:
                table.put(session, [5, 5, 1])
            listener.before_save(session, 1)
            tables[0].put(session, [9, 9, 9, 2])
            listener.before_save(session, 2)
            listener.after_save(session, 2)
    assert (folder / "ckpt.info-0").read_text() == ""
    assert read(folder, 1) == {1: 3, 5: 6}
    assert read(folder, 2) == {1: 3, 2: 1, 5: 6, 9: 3}
    keys = [line for line in (folder / "ckpt.info-2").read_text().splitlines() if "key" in line]
    assert keys == ["  key: 1", "  key: 2", "  key: 5", "  key: 9"]


@pytest.mark.covers("B69a")
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slots=st.lists(st.integers(0, 10**6), max_size=20))
def test_slots_beyond_the_last_count_as_the_last(tmp_path, config, slots):
    with tf.Graph().as_default():
        table = Table()
        listener = FidSlotCountSaverListener(str(tmp_path))
        with tf1.Session(config=config) as session:
            table.put(session, slots)
            listener.before_save(session, 1)
    counted = [min(slot, SLOTS - 1) for slot in slots]
    assert read(tmp_path, 1) == {slot: counted.count(slot) for slot in counted}


@pytest.mark.covers("B69b")
def test_a_negative_slot_is_an_invalid_argument(tmp_path, config):
    with tf.Graph().as_default():
        table = Table()
        listener = FidSlotCountSaverListener(str(tmp_path))
        with tf1.Session(config=config) as session:
            table.put(session, [3, -1])
            with pytest.raises(tf.errors.InvalidArgumentError):
                listener.before_save(session, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.covers("B70")
def test_a_graph_with_a_multi_hash_table_is_not_counted(tmp_path, config):
    with tf.Graph().as_default():
        ordinary = Table()
        Table(is_multi=True)
        listener = FidSlotCountSaverListener(str(tmp_path))
        with tf1.Session(config=config) as session:
            ordinary.put(session, [1])
            listener.before_save(session, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.covers("B67c", "B67d")
def test_the_counter_is_neither_initialized_nor_saved_with_the_model(tmp_path):
    with tf.Graph().as_default():
        Table()
        FidSlotCountSaverListener(str(tmp_path))
        assert (tf1.global_variables(), tf1.local_variables()) == ([], [])
        assert len(tf1.trainable_variables()) == 1


@pytest.mark.covers("B67b")
def test_each_device_with_tables_has_a_counter_of_102400_slots(tmp_path):
    with tf.Graph().as_default():
        for device in ("/cpu:0", "/cpu:0", "/cpu:1"):
            Table(device=device)
        FidSlotCountSaverListener(str(tmp_path))
        counters = tf1.trainable_variables()
    assert [counter.device[-5:].lower() for counter in counters] == ["cpu:0", "cpu:1"]
    assert {(counter.dtype, *counter.shape) for counter in counters} == {(tf.int64, 102_400)}
