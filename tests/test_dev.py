"""dev.py hands nox what it was given."""

from __future__ import annotations

import subprocess
import sys

import dev


def command_of(monkeypatch, *words):
    commands = []
    done = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(sys, "argv", ["dev.py", *words])
    monkeypatch.setattr(dev, "_has_tools", lambda: True)
    monkeypatch.setattr(
        dev.subprocess, "run", lambda command, **_: commands.append(command) or done
    )
    assert dev.main() == 0
    return commands[0][commands[0].index("nox") + 3 :]


def test_every_session_that_is_named_is_run(monkeypatch):
    # nox heeds only the last -s, so all sessions stand behind one.
    assert command_of(monkeypatch, "lint", "types") == ["-s", "lint", "types"]


def test_without_a_name_nox_runs_its_default_sessions(monkeypatch):
    assert command_of(monkeypatch) == []


def test_what_follows_the_dashes_goes_to_the_session(monkeypatch):
    assert command_of(monkeypatch, "tests", "--", "-k", "x") == ["-s", "tests", "--", "-k", "x"]
