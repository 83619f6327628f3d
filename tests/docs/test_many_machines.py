"""The commands of docs/many-machines.md: a scheduler, workers, and a campaign on them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess

import pytest

from parity.base import project
from tests.docs.doc_pages import commands_for, make_tools

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.nightly
def test_two_hosts_on_one(tmp_path):
    port = free_port()
    commands = [
        command.replace("host-a", "127.0.0.1").replace("8786", str(port))
        for command in commands_for(__file__, "docs/many-machines.md")
    ]
    *servers, campaign = commands
    # As many as take seconds, and without Rust, as on the other pages.
    campaign = re.sub(r"--count \d+", f"--count 25 --peer python --report {tmp_path}", campaign)
    path = make_tools(tmp_path / "bin")
    env = {**os.environ, "PYTHONPATH": str(project.ROOT), "PATH": path}
    started = [
        subprocess.Popen(
            ["/bin/bash", "-c", f"exec {command}"],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for command in servers
    ]
    try:
        done = subprocess.run(
            ["/bin/bash", "-c", until_it_listens(campaign)],
            cwd=tmp_path,
            env={**env, "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
    finally:
        for each in reversed(started):
            os.killpg(each.pid, signal.SIGKILL)
            each.wait()
    assert (done.returncode, done.stderr) == (0, "")
    assert "25 scenarios" in done.stdout


def until_it_listens(command):
    """The command, begun when there is a scheduler; it waits for workers itself."""
    return f"until (: < /dev/tcp/127.0.0.1/$PORT) 2> /dev/null; do sleep 0.1; done; {command}"
