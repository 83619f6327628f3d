"""What is given as a file is a regular one of a bounded size, or refused without a wait."""

from __future__ import annotations

import os
import re
import socket

import pytest

from parity.base.files import Lines, check_within, read_text


def write(path, data):
    path.write_bytes(data)
    return path


def test_a_file_is_its_text_with_its_own_line_ends(tmp_path):
    path = write(tmp_path / "x", b"a\r\nb\rc\xc3\xa9\n")
    assert read_text(path, 100) == "a\r\nb\rcé\n"


def test_lines_end_at_a_line_feed_and_at_nothing_else(tmp_path):
    text = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\rh\r\n\ni"
    path = write(tmp_path / "x", text.encode())
    assert list(Lines(path)) == text.split("\n")


def test_a_last_line_feed_begins_no_line(tmp_path):
    assert list(Lines(write(tmp_path / "x", b"a\n"))) == ["a"]
    assert list(Lines(write(tmp_path / "y", b""))) == []


def _fifo(path):
    os.mkfifo(path)


def _socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def _loop(path):
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_fifo, "found a FIFO; expected a file"),
        (_socket, "found a socket; expected a file"),
        (lambda path: path.mkdir(), "found a folder; expected a file"),
        (lambda path: path.symlink_to("/dev/zero"), "found a device; expected a file"),
        (_loop, "can't be read: Too many levels of symbolic links"),
        (lambda path: path.symlink_to("nowhere"), "can't be read: No such file or directory"),
        (lambda path: None, "can't be read: No such file or directory"),
        (lambda path: write(path, b"a\xff"), "not UTF-8 (byte 1); expected UTF-8 text"),
        (lambda path: write(path, b"a\xe2\x82"), "not UTF-8 (byte 1); expected UTF-8 text"),
        (lambda path: write(path, "a".encode("utf-16")), "not UTF-8 (byte 0); expected"),
        (lambda path: write(path, b"x" * 2**20 + b"x"), "too large; expected at most 1 MiB"),
    ],
)
def test_what_is_no_such_file_says_what_it_is(tmp_path, make, said):
    path = tmp_path / "x"
    make(path)
    for read in (lambda: read_text(path, 2**20), lambda: list(Lines(path, 2**20))):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
            read()


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ValueError, match="too large; expected at most 512 MiB"):
        list(Lines(path))


def test_a_file_that_grows_while_it_is_read_is_bounded_as_well(tmp_path):
    path = write(tmp_path / "x", b"x")
    assert path.stat().st_size == 1
    with pytest.raises(ValueError, match="too large"):
        read_text(write(path, b"x" * 11), 10)
    # A file of /proc says that it is empty.
    with pytest.raises(ValueError, match="too large"):
        read_text(type(path)("/proc/self/status"), 10)


def test_a_line_is_bounded(tmp_path):
    path = write(tmp_path / "x", b"ok\n" + b"x" * 11)
    lines = Lines(path, 100, 10)
    each = iter(lines)
    assert (next(each), lines.place) == ("ok", f"{path}:1")
    with pytest.raises(ValueError, match="a line too large"):
        next(each)
    assert lines.place == f"{path}:2"
    assert list(Lines(write(path, b"x" * 10 + b"\n" + b"y" * 10), 100, 10))[1] == "y" * 10


def test_a_link_within_its_folder_is_fine_and_one_out_of_it_is_not(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "x", b"")
    (folder / "y").symlink_to("x")
    check_within(folder / "y", folder)
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(ValueError, match=r"found a link out of .*/in; expected a file in it"):
        check_within(folder / "out" / "x", folder)
    _loop(folder / "loop")
    with pytest.raises(ValueError, match="found a link that leads to itself"):
        check_within(folder / "loop", folder)
