from __future__ import annotations

import pytest
import tensorflow as tf

from monolith_hooks.files import write_atomically


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "addr.txt"
    path.write_text("old, and longer")
    write_atomically(str(path), "new", writer="1")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    path = tmp_path / "folder"
    (path / "full").mkdir(parents=True)
    with pytest.raises(tf.errors.OpError):
        write_atomically(str(path), "new", writer="1")
    assert list(tmp_path.iterdir()) == [path]
