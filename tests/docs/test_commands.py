"""Every command that the README and the documentation show is run here, as it stands there.

A page's commands are run in order, in a copy of the project, on a machine without Rust;
but for those of the blocks that name a session: see doc_pages.py.
A comment ``# exits with 1`` says so of the command that it follows.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
from doc_pages import PAGES, bare, to_run

from parity import project

CI = (project.ROOT / ".ci" / "run").read_text()

SESSIONS = "python3 dev.py"
"""Begins a command that CI runs itself: the sessions of a command are in .ci/run."""
TOOLS = ".nox/shared/bin/"
"""Begins a command that CI runs as it stands."""
JOB = "python examples/training_job.py "
"""Begins a command that goes on until Ctrl-C: it is run beside those that follow it."""

COPIED = ("parity", "monolith_hooks", "fakes", "scenarios", "recorded", "examples", "docs", "tests")


WITH_COMMANDS = [page for page in PAGES if to_run(page)]


@pytest.fixture
def copy(tmp_path):
    """A copy of what the commands read and write, with the tools on PATH."""
    root = tmp_path / "project"
    for folder in COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project.ROOT / folder, root / folder, ignore=ignored)
    shutil.copytree(
        project.ROOT / "monolith-rs",
        root / "monolith-rs",
        ignore=shutil.ignore_patterns("target"),
    )
    tools = tmp_path / "bin"
    tools.mkdir()
    python = sys.executable
    for name, command in {
        "python": python,
        "monolith-parity": f"{python} -m parity",
        "monolith-controller": f"{python} -m monolith_hooks",
    }.items():
        (tools / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (tools / name).chmod(0o755)
    return root, {
        **os.environ,
        "PATH": f"{tools}:/usr/bin:/bin",
        "PYTHONPATH": str(root),
        "CUDA_VISIBLE_DEVICES": "",
    }


def run_by_ci(command):
    if command.startswith(TOOLS):
        return command in CI.splitlines()
    in_ci = {word for line in CI.splitlines() if SESSIONS in line for word in line.split()}
    return set(bare(command)) <= in_ci


def expected_code(command: str) -> int:
    said = re.search(r"# .*exits with (\d+)", command)
    return int(said[1]) if said else 0


def test_there_are_commands_to_run():
    assert len(WITH_COMMANDS) > 4


@pytest.mark.timeout(300)  # Several commands, most of which load TensorFlow.
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_every_command_of_the_page_does_what_it_says(page, copy):
    root, environment = copy
    jobs = []
    try:
        for command in to_run(page):
            if command.startswith((SESSIONS, TOOLS)):
                assert run_by_ci(command), f"CI doesn't run {command}"
            elif command.startswith(JOB):
                jobs.append(start_job(command, root, environment))
            else:
                run(command, root, environment)
    finally:
        for job in jobs:
            job.send_signal(signal.SIGINT)
            job.communicate(timeout=60)


def run(command, root, environment):
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expected_code(command), f"{command}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr, command


def start_job(command, root, environment):
    """Started, and over its first line, which it prints when it trains."""
    job = subprocess.Popen(
        command.split(), cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert job.stdout.readline().startswith(b"training"), job.stderr.read().decode()
    return job
