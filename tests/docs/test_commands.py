"""Every command that the README and the documentation show is run here, as it stands there.

A page's commands are run in order, in a copy of the project, on a machine without Rust;
but for those that .ci/run runs itself, and for blocks that name another test: see doc_pages.py.
A comment ``# exits with 1`` says so of the command that it follows.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess

import pytest

from parity.base import project
from tests.docs.doc_pages import PAGES, bare, make_tools, to_run

pytestmark = pytest.mark.slow

SESSIONS = "python3 dev.py "
TOOLS = ".nox/shared/bin/"
"""These begin a command that CI runs itself, which .ci/run or .ci/nightly must then have."""
CI = "".join((project.ROOT / ".ci" / each).read_text() for each in ("run", "nightly"))
SCRIPT = """
# python3 dev.py lint
step python3 dev.py rust
step python3 dev.py parity
step python3 dev.py fuzz -- \\
    --seed 1 --count 2
.nox/shared/bin/monolith-parity checklist
"""
JOB = "python examples/training_job.py "
"""Begins a command that goes on until Ctrl-C: it is run beside those that follow it."""

NIGHTLY = {"cluster", "exploring", "fuzzing", "many-machines", "pairs"}
"""Pages whose commands take longest."""

COPIED = ("parity", "monolith_hooks", "fakes", "scenarios", "recorded", "examples", "docs", "tests")


WITH_COMMANDS = [page for page in PAGES if to_run(page)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The traces that are kept from page to page, as a user's are from command to command."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def copy(tmp_path, cache):
    """A copy of what the commands read and write, with the tools on PATH."""
    root = tmp_path / "project"
    for folder in COPIED:
        shutil.copytree(project.ROOT / folder, root / folder)
    shutil.copytree(
        project.ROOT / "monolith-rs",
        root / "monolith-rs",
        ignore=shutil.ignore_patterns("target"),
    )
    return root, {
        **os.environ,
        "PATH": make_tools(tmp_path / "bin"),
        "PYTHONPATH": str(root),
        "CUDA_VISIBLE_DEVICES": "",
        "PARITY_CACHE": str(cache),
    }


def commands_of(script):
    """The words of the commands in a script like .ci/run, after ``step`` or ``beside``."""
    lines = script.replace("\\\n", " ").splitlines()
    words = [
        shlex.split(line, comments=True) for line in lines if SESSIONS in line or TOOLS in line
    ]
    return [each[1:] if each[:1] in (["step"], ["beside"]) else each for each in words]


def is_run_by(script, command):
    """As it stands; sessions without options may also stand in several commands there."""
    words, there = bare(command), commands_of(script)
    if words in there:
        return True
    if not command.startswith(SESSIONS) or "--" in words:
        return False
    sessions = {
        session
        for each in there
        if each[:2] == SESSIONS.split() and "--" not in each
        for session in each[2:]
    }
    return set(words[2:]) <= sessions


def expected_code(command: str) -> int:
    said = re.search(r"# .*exits with (\d+)", command)
    return int(said[1]) if said else 0


@pytest.mark.parametrize(
    "command",
    [
        "python3 dev.py parity   # with a comment",
        "python3 dev.py parity rust",
        "python3 dev.py fuzz -- --seed 1 --count 2",
        ".nox/shared/bin/monolith-parity checklist",
    ],
)
def test_ci_runs_what_stands_there(command):
    assert is_run_by(SCRIPT, command)


@pytest.mark.parametrize(
    "command",
    [
        "python3 dev.py fuzz",
        "python3 dev.py fuzz -- --seed 1",
        "python3 dev.py fuzz -- --count 2 --seed 1",
        "python3 dev.py parity -- --seed 1 --count 2",
        "python3 dev.py parity tests",
        "python3 dev.py lint",
        ".nox/shared/bin/monolith-parity run",
    ],
)
def test_ci_does_not_run_what_only_has_the_same_words(command):
    assert not is_run_by(SCRIPT, command)


def test_there_are_commands_to_run():
    assert len(WITH_COMMANDS) > 4


@pytest.mark.timeout(300)  # Several commands, most of which load TensorFlow.
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.nightly if page.stem in NIGHTLY else [])
        for page in WITH_COMMANDS
    ],
    ids=lambda page: page.stem,
)
def test_every_command_of_the_page_does_what_it_says(page, copy):
    root, environment = copy
    jobs = []
    try:
        for command in to_run(page):
            if command.startswith((SESSIONS, TOOLS)):
                assert is_run_by(CI, command), f"CI doesn't run {command}"
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
