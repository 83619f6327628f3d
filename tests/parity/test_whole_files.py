from __future__ import annotations

import pytest

from parity.whole_files import write_whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "badge.svg"
    path.write_text("old, and longer")
    write_whole(path, "néw\n")
    assert path.read_text(encoding="utf-8") == "néw\n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")  # No UTF-8 has it.
    assert path.read_text() == "old"
