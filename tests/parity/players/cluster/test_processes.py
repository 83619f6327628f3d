from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity.players.cluster.processes import (
    ProcessLostError,
    RoleProcess,
    RoleTimeoutError,
    Zygote,
    has_ended,
)
from parity.players.cluster.wire import RoleCommand

ROLE = "tests.parity.players.cluster.waiting_role:run"
LONG = 30.0
"""Real seconds that nothing takes."""


@pytest.fixture
def child():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_process_that_runs_has_not_ended(child):
    assert not has_ended(child.pid)


def test_a_zombie_has_ended(child):
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert has_ended(child.pid)


def test_a_reaped_process_has_ended(child):
    child.kill()
    child.wait()
    assert has_ended(child.pid)


def test_a_process_that_is_reaped_while_its_state_is_read_has_ended(child, monkeypatch):
    opened = Path.open

    def reap_once_it_is_open(path, *args, **kwargs):
        file = opened(path, *args, **kwargs)
        child.kill()
        child.wait()
        return file

    monkeypatch.setattr(Path, "open", reap_once_it_is_open)
    assert has_ended(child.pid)


@pytest.fixture
def role(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    zygote = Zygote(["parity.players.cluster.wire"])
    process = RoleProcess("ps-0", zygote, ROLE, [str(tmp_path / "fifo")], lambda event: None)
    try:
        process.wait_for_start(LONG)
        with open(tmp_path / "fifo", "wb", buffering=0) as process.gate:
            yield process
    finally:
        process.kill()
        zygote.close()


def test_an_answer_that_came_too_late_is_not_that_to_the_next_command(role):
    for number in (1, 2):
        with pytest.raises(RoleTimeoutError, match=r"ps-0 didn't answer settle within 0\.05 s"):
            role.ask(RoleCommand(do="settle", number=number), 0.05)
    role.gate.write(b"xx")
    for number in (7, 8):
        assert role.ask(RoleCommand(do="train", number=number), LONG).polls == number


def test_a_command_to_a_process_that_was_killed_says_so_each_time(role):
    role.kill()
    for _ in range(2):
        with pytest.raises(ProcessLostError, match="ps-0 was killed by SIGKILL"):
            role.ask(RoleCommand(do="train", number=1), LONG)
