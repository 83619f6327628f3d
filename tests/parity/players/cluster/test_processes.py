from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity.players.cluster.processes import has_ended


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
