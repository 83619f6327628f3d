"""Files that others read while they are written: whole at each moment, and readable by all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.checkpoint_state import write_monolith_checkpoint_state
from monolith_hooks.clock import SystemClock
from monolith_hooks.controller_hooks import ControllerHook, QueryActionHook
from monolith_hooks.files import write_atomically
from monolith_hooks.monolith_checkpoint_state_pb2 import MonolithCheckpointState
from monolith_hooks.server.server_lib import ServerHook

tf1 = tf.compat.v1

Write = Callable[[Path, int], Path]


def write_any(folder: Path, number: int) -> Path:
    write_atomically(str(folder / "a.b"), f"ä {number}\r\n" * 1000)
    return folder / "a.b"


def write_state(folder: Path, number: int) -> Path:
    state = MonolithCheckpointState(last_checkpoint_save_timestamp=number)
    write_monolith_checkpoint_state(str(folder), state)
    return folder / "monolith_checkpoint"


def write_response(folder: Path, number: int) -> Path:
    with tf.Graph().as_default():
        hook = QueryActionHook(str(folder), ControllerHook(0))
    hook._respond(f"response {number}")
    return folder / "monolith_action_response"


def write_address(folder: Path, number: int) -> Path:
    hook: Any = ServerHook(str(folder), None, None)  # type: ignore[arg-type]
    hook._publish(f"address {number}")
    return folder / "controller_server_addr.txt"


WRITES = [write_any, write_state, write_response, write_address]


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


@pytest.mark.covers("B35b", "B35d", "B35f")
@pytest.mark.parametrize("write", WRITES)
def test_a_file_is_replaced_as_a_whole_and_readable_by_all(tmp_path, write: Write):
    path = write(tmp_path, 1)
    content = path.read_bytes()
    assert b"1" in content
    os.link(path, tmp_path / "the old one")
    with path.open("rb") as reader:
        assert write(tmp_path, 2) == path
        assert reader.read() == content, "a reader that had begun goes on with the old one"
    assert (tmp_path / "the old one").read_bytes() == content
    assert path.read_bytes() == content.replace(b"1", b"2")
    assert {each.name for each in tmp_path.iterdir()} == {path.name, "the old one"}
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.covers("B35b", "B35i")
@pytest.mark.parametrize("write", WRITES)
def test_what_cannot_be_replaced_is_an_op_error_and_leaves_nothing_behind(tmp_path, write: Write):
    path = write(tmp_path, 1)
    path.unlink()
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(tf.errors.OpError):
        write(tmp_path, 2)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    with pytest.raises(tf.errors.OpError):
        write_any(tmp_path / "gone", 1)


@pytest.mark.covers("B74d")
@pytest.mark.covers("B35b", "B35d", "B35f")
@pytest.mark.parametrize("write", WRITES)
def test_a_file_is_whole_before_it_has_its_name(tmp_path, monkeypatch, write: Write):
    rename, renamed = tf.io.gfile.rename, []

    def look_and_rename(old: str, new: str, overwrite: bool = False) -> None:
        renamed.append(Path(old).read_bytes())
        rename(old, new, overwrite=overwrite)

    monkeypatch.setattr(tf.io.gfile, "rename", look_and_rename)
    path = write(tmp_path, 10**7)
    assert renamed == [path.read_bytes()]
    assert renamed[0]


def test_the_systems_time_is_that_since_the_epoch():
    before = time.time_ns()
    now = SystemClock().now_ns()
    assert before <= now <= time.time_ns()
    assert SystemClock().now() == pytest.approx(time.time(), abs=60)
