"""Files that are replaced whole."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.base import project
from parity.base.files import (
    make_folder,
    must_be_replaceable,
    remove_leftovers,
    replacing,
    write_new,
    write_whole,
)
from parity.base.problems import OutputError, UsageError
from tests.parity.no_room import fill, small_disk


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "badge.svg"
    path.write_text("old, and longer")
    write_whole(path, "néw\n")
    assert path.read_text(encoding="utf-8") == "néw\n"
    assert names(tmp_path) == ["badge.svg"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=200).filter(str.isprintable))
def test_what_is_written_is_what_is_read(tmp_path, content):
    write_whole(tmp_path / "x", content)
    expected = content if isinstance(content, bytes) else content.encode()
    assert (tmp_path / "x").read_bytes() == expected
    assert names(tmp_path) == ["x"]


def test_the_folders_above_are_made(tmp_path):
    write_whole(tmp_path / "a" / "b" / "c.txt", "x")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "x"


def test_a_file_has_the_mode_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "x", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_encoded_leaves_the_old_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")  # No UTF-8 has it.
    assert path.read_text() == "old"
    assert names(tmp_path) == ["report.json"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, UsageError])
def test_a_block_that_raises_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "x"
    path.write_text("old")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["x"]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "x"
    with replacing(path) as one, replacing(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"  # Its block ended last.
    assert names(tmp_path) == ["x"]


def test_a_name_may_be_as_long_as_names_can_be(tmp_path):
    write_whole(tmp_path / ("a" * 255), "x")
    assert names(tmp_path) == ["a" * 255]


def test_a_name_that_is_longer_is_said(tmp_path):
    with pytest.raises(OutputError, match="File name too long; choose a shorter name"):
        write_whole(tmp_path / ("a" * 256), "x")
    with pytest.raises(OutputError, match="File name too long"):
        make_folder(tmp_path / ("a" * 256))
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("folder", "a folder"),
        ("pipe", "a pipe"),
        ("/dev/null", "a device"),
        ("/dev/full", "a device"),
    ],
)
def test_what_is_no_file_is_not_replaced(tmp_path, where, found):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / where
    for refuses in (must_be_replaceable, lambda path: write_whole(path, "x")):
        with pytest.raises(UsageError, match=f"{where}: expected a file, .* got {found}"):
            refuses(path)
    assert names(tmp_path) == ["folder", "pipe"]


def test_a_file_that_stands_where_a_folder_should_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "a" / "b"):
        with pytest.raises(UsageError, match=r"/file: expected a folder, got a file$"):
            make_folder(folder)
        with pytest.raises(UsageError, match=r"/file: expected a folder, got a file$"):
            write_whole(folder / "x", "x")
    assert (tmp_path / "file").read_text() == "x"


def test_a_link_that_leads_nowhere_or_to_itself_is_no_folder(tmp_path):
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("gone", "loop"):
        with pytest.raises(UsageError, match=f"{name}: expected a folder, got a link that leads"):
            make_folder(tmp_path / name)


def test_a_link_to_a_file_is_replaced_and_the_file_is_not_touched(tmp_path):
    (tmp_path / "target").write_text("target")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "target").read_text() == "target"
    assert (tmp_path / "link").read_text() == "new"


@pytest.mark.parametrize("path", ["/proc/parity/x", "/sys/parity/x", "/proc/x"])
def test_what_the_system_refuses_even_to_root_is_an_output_error(path, tmp_path):
    with pytest.raises(OutputError, match=r"can't be written: .*; choose another folder"):
        write_whole(tmp_path / path, "x")


def test_a_full_disk_keeps_the_old_file_and_has_no_half_of_the_new_one(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        write_whole(disk / "x", "old")
        fill(disk)
        with pytest.raises(
            OutputError, match="/x: can't be written: No space left on device; free"
        ):
            write_whole(disk / "x", "n" * 100_000)
        assert (disk / "x").read_text() == "old"
        assert names(disk) == ["filler", "x"]


def test_a_read_only_disk_is_said(tmp_path):
    with small_disk(tmp_path / "disk", 64, read_only=True) as disk:
        for path in (disk / "x", disk / "a" / "x"):
            with pytest.raises(OutputError, match="Read-only file system; choose another folder"):
                write_whole(path, "x")


def test_a_new_file_is_never_put_in_the_place_of_another(tmp_path):
    write_new(tmp_path / "a" / "x", "first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a" / "x", "second")
    assert (tmp_path / "a" / "x").read_text() == "first"


def test_a_new_file_that_cannot_be_written_is_not_there(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_new(tmp_path / "x", "\ud800")
    assert names(tmp_path) == []


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path):
    killed = (
        "import os, sys, pathlib; from parity.base.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", killed, tmp_path / "x"], cwd=project.ROOT, check=False)
    (tmp_path / ".hidden").touch()
    assert len(names(tmp_path)) == 2
    remove_leftovers(tmp_path)
    assert names(tmp_path) == [".hidden"]
