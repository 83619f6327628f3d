"""Two runs that want one folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from parity.base import project
from parity.base.folder_lock import LOCK, first_free, held
from parity.base.problems import OutputError, UsageError
from tests.parity.no_room import fill, small_disk

HOLDER = """
import pathlib, sys
from parity.base.folder_lock import held
with held(pathlib.Path(sys.argv[1]), "--report"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder until it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path / "reports"],
        cwd=project.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_is_refused_and_told_who_holds_it(tmp_path, holder):
    folder = tmp_path / "reports"
    with pytest.raises(OutputError) as refused, held(folder, "--report"):
        pass
    assert str(refused.value) == (
        f"{folder}: process {holder.pid} is writing there; wait for it to end, or choose another "
        "folder with --report"
    )


def test_a_holder_that_was_killed_holds_nothing(tmp_path, holder):
    holder.kill()
    holder.wait()
    with held(tmp_path / "reports", "--report"):
        assert (tmp_path / "reports" / LOCK).read_text() == str(os.getpid())


def test_what_the_holder_started_does_not_hold_it(tmp_path):
    with held(tmp_path, "--report"):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child, held(tmp_path, "--report"):
        pass


def test_one_process_cannot_hold_it_twice(tmp_path):
    with held(tmp_path, "--report"):
        mine = re.escape(f"process {os.getpid()} is writing there")
        with pytest.raises(OutputError, match=mine), held(tmp_path, "--report"):
            pass
    with held(tmp_path, "--report"):
        pass


def test_a_folder_below_it_is_another_one(tmp_path):
    with held(tmp_path, "--report"), held(tmp_path / "partial", "--report"):
        pass


def test_the_first_folder_that_nobody_holds_is_used_again_by_the_next(tmp_path):
    with first_free(tmp_path) as one, first_free(tmp_path) as two:
        assert [one.name, two.name] == ["process-1", "process-2"]
    with first_free(tmp_path) as again:
        assert again == one


def test_where_no_folder_can_be_made_none_is_looked_for_for_ever(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file"), first_free(tmp_path / "file"):
        pass


def test_what_can_be_no_folder_is_said_with_the_option(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="got a file; choose another one with --out"):  # noqa: SIM117
        with held(tmp_path / "file", "--out"):
            pass


def test_where_nothing_can_be_written_it_is_said_before_anything_is_played(tmp_path):
    with small_disk(tmp_path / "full", 64) as disk:
        fill(disk)
        with pytest.raises(OutputError, match="No space left on device; free"), held(disk, "--out"):
            pass
    with (
        small_disk(tmp_path / "fixed", 64, read_only=True) as disk,
        pytest.raises(OutputError, match="Read-only file system; choose another folder with --out"),
        held(disk, "--out"),
    ):
        pass
