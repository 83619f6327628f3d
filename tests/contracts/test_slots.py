"""Counts of features by slot: slots of any size, devices, and counting again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from monolith_hooks.ckpt_info import FidSlotCountSaverListener
from monolith_hooks.ckpt_info_pb2 import CkptInfo
from monolith_hooks.hash_tables import KeyedSlotTable, add_table

tf1 = tf.compat.v1
LAST = 102_399


@dataclass
class Entries:
    """A table whose entries have these slots, which may change between two saves."""

    slot_list: list[int]
    device: str = "/device:CPU:0"
    dtype: Any = np.int64
    is_multi: bool = False

    def slots(self) -> Any:
        slots = tf.numpy_function(
            lambda: np.array(self.slot_list, self.dtype), [], tf.dtypes.as_dtype(self.dtype)
        )
        return tf.ensure_shape(slots, [None])


class Counted:
    """A graph with tables and its listener, in a session with two devices."""

    def __init__(self, folder: Any, config: Any, *tables: Entries) -> None:
        for table in tables:
            add_table(table)
        self._folder = folder
        self._listener = FidSlotCountSaverListener(str(folder))
        config.device_count["CPU"] = 2
        self._session = tf1.Session(config=config)

    def save(self, step: int = 7) -> dict[int, int]:
        self._listener.before_save(self._session, step)
        self._listener.after_save(self._session, step)
        text = (self._folder / f"ckpt.info-{step}").read_text()
        return dict(text_format.Parse(text, CkptInfo()).slot_counts)


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


@pytest.fixture
def counted(tmp_path, config):
    with tf.Graph().as_default():
        yield lambda *tables: Counted(tmp_path, config, *tables)


@pytest.mark.covers("B69a")
def test_each_slot_counts_as_itself_or_as_the_last(counted):
    own = [0, 1, 2**16, LAST - 1, LAST]
    late = [LAST + 1, 2**31 - 1, 2**31, 2**32, 2**32 + 5, 2**53, 2**62, 2**63 - 1]
    table = Entries([])
    counts = counted(table)
    for slot in own + late:
        table.slot_list = [slot]
        assert counts.save() == {min(slot, LAST): 1}
    table.slot_list = late + own
    assert counts.save() == {0: 1, 1: 1, 2**16: 1, LAST - 1: 1, LAST: len(late) + 1}


@pytest.mark.covers("B69a")
def test_slots_of_32_bits_count_alike(counted):
    slots = [0, 5, LAST, LAST + 1, 2**31 - 1]
    assert counted(Entries(slots, dtype=np.int32)).save() == {0: 1, 5: 1, LAST: 3}


@pytest.mark.covers("B68a", "B68b")
def test_devices_are_summed_and_each_save_counts_anew(counted):
    first, second, third = Entries([3, 3, 0]), Entries([3], "/device:CPU:1"), Entries([0])
    counts = counted(first, second, third)
    assert counts.save() == {0: 2, 3: 3}
    assert counts.save() == {0: 2, 3: 3}
    first.slot_list = []
    second.slot_list = [1, 3]
    assert counts.save(8) == {0: 1, 1: 1, 3: 1}
    second.slot_list = third.slot_list = []
    assert counts.save(9) == {}


@pytest.mark.covers("B68c", "B68d")
def test_the_file_is_ascending_by_slot_and_earlier_ones_stay(counted, tmp_path):
    table = Entries([100, 20, 3, 0, 20])
    counts = counted(table)
    counts.save(1)
    text = "slot_counts {\n  value: 1\n}\n" + "".join(  # Text format has no key of 0.
        f"slot_counts {{\n  key: {slot}\n  value: {count}\n}}\n"
        for slot, count in [(3, 1), (20, 2), (100, 1)]
    )
    table.slot_list = []
    counts.save(0)
    files = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert files == {"ckpt.info-0": "", "ckpt.info-1": text}


@pytest.mark.covers("B69b")
@pytest.mark.parametrize("slot", [-1, -(2**31), -(2**32) + 5, -(2**63)])
def test_a_negative_slot_of_any_table_writes_nothing_and_the_next_save_counts_anew(
    counted, tmp_path, slot
):
    good, bad = Entries([4]), Entries([4, slot], "/device:CPU:1")
    counts = counted(good, bad)
    with pytest.raises(tf.errors.InvalidArgumentError):
        counts.save()
    assert list(tmp_path.iterdir()) == []
    bad.slot_list = [4]
    assert counts.save() == {4: 2}


@pytest.mark.covers("B70")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_multi_hash_table_in_any_place_is_enough_for_nothing(config, tmp_path, place):
    with tf.Graph().as_default():
        tables = [Entries([1]), Entries([-1], "/device:CPU:1")]
        tables.insert(place, Entries([1], is_multi=True))
        with pytest.raises(FileNotFoundError):
            Counted(tmp_path, config, *tables).save()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.covers("B67a")
def test_only_tables_at_construction_are_counted(counted):
    with pytest.raises(ValueError, match="no hash tables"):
        counted()
    counts = counted(Entries([1]))
    add_table(Entries([1]))
    assert counts.save() == {1: 1}


@pytest.mark.covers("B67c", "B67d")
def test_a_counter_is_in_the_trainable_collection_alone(counted):
    counted(Entries([1]), Entries([1], "/device:CPU:1"), Entries([2]))
    assert (tf1.global_variables(), tf1.local_variables()) == ([], [])
    counters = tf1.trainable_variables()
    assert [(each.shape.as_list(), each.dtype.base_dtype) for each in counters] == [
        ([LAST + 1], tf.int64)
    ] * 2


@pytest.mark.covers("B69b")
@pytest.mark.parametrize(
    ("key", "slot"),
    [(0, 0), (2**48 - 1, 0), (2**48, 1), (2**63 - 1, 2**15 - 1), (-1, -1), (-(2**63), -(2**15))],
)
def test_the_slot_of_a_key_is_what_is_above_the_shift(config, key, slot):
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, 0)
        session.run(table.insert(tf.constant([key], tf.int64), tf.constant([0], tf.int64)))
        assert session.run(KeyedSlotTable(table, 48).slots()).tolist() == [slot]
