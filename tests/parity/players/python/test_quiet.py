"""Commands say what they have to say, and nothing that TensorFlow says while it is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from parity.base import project
from parity.players.python.quiet import held_back_unless_it_fails

pytestmark = pytest.mark.slow


def run(*words):
    """As a user's shell does: the tests' own log level isn't handed on."""
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, *words]
    done = subprocess.run(
        command, cwd=project.ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_processes_of_fuzz_are_silent(tmp_path):
    options = ["--seed", "1", "--count", "1", "-n", "1", "--report", tmp_path]
    done = run("-m", "parity", "fuzz", "--peer", "python", *options)
    assert done.stderr == ""
    assert done.stdout.startswith("1 scenario: ")


def test_replay_is_silent_too():
    assert run("-m", "parity", "replay", "scenarios/health/oom.yaml").stderr == ""


def fail_with_a_reason():
    with held_back_unless_it_fails():
        os.write(2, b"a reason\n")
        raise ImportError


def test_what_was_held_back_is_shown_if_it_fails(capfd):
    with held_back_unless_it_fails():
        os.write(2, b"chatter\n")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError):
        fail_with_a_reason()
    assert capfd.readouterr().err == "a reason\n"
    os.write(2, b"shown again\n")
    assert capfd.readouterr().err == "shown again\n"
