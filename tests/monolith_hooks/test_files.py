from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import tensorflow as tf

from monolith_hooks.files import write_atomically


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "addr.txt"
    path.write_text("old, and longer")
    write_atomically(str(path), "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    path = tmp_path / "folder"
    (path / "full").mkdir(parents=True)
    with pytest.raises(tf.errors.OpError):
        write_atomically(str(path), "new")
    assert list(tmp_path.iterdir()) == [path]


def test_writers_of_one_path_at_once_disturb_nobody(tmp_path):
    path = str(tmp_path / "state")
    texts = [f"{i}" * 10_000 for i in range(10)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_atomically(path, text), texts * 10))
    assert (tmp_path / "state").read_text() in texts
    assert [each.name for each in tmp_path.iterdir()] == ["state"]
