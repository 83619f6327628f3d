"""dev.py hands nox what it was given, and makes its tools once."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import dev


class Nox:
    """Ends with this status, once it was interrupted so often."""

    def __init__(self, status=0, interrupts=0):
        self.status, self.interrupts = status, interrupts
        self.command = None

    def __call__(self, command, **_):
        self.command = command
        return contextlib.nullcontext(self)

    def wait(self):
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        return self.status


def command_of(monkeypatch, *words, nox=None):
    nox = nox or Nox()
    monkeypatch.setattr(sys, "argv", ["dev.py", *words])
    monkeypatch.setattr(dev, "_has_tools", lambda: True)
    monkeypatch.setattr(dev.subprocess, "Popen", nox)
    assert dev.main() == nox.status
    return nox.command[nox.command.index("nox") + 3 :]


def test_an_interrupt_is_for_nox_which_is_waited_for(monkeypatch):
    nox = Nox(status=130, interrupts=2)
    assert command_of(monkeypatch, "parity", nox=nox) == ["-s", "parity"]
    assert nox.interrupts == 0


def test_every_session_that_is_named_is_run(monkeypatch):
    # nox heeds only the last -s, so all sessions stand behind one.
    assert command_of(monkeypatch, "lint", "types") == ["-s", "lint", "types"]


def test_without_a_name_nox_runs_its_default_sessions(monkeypatch):
    assert command_of(monkeypatch) == []


def test_what_follows_the_dashes_goes_to_the_session(monkeypatch):
    assert command_of(monkeypatch, "tests", "--", "-k", "x") == ["-s", "tests", "--", "-k", "x"]


@pytest.mark.parametrize(
    ("has_pip", "flags", "installer"),
    [(True, ["--without-pip"], sys.executable), (False, [], str(dev.PYTHON))],
)
def test_the_tools_are_installed_by_the_pip_that_is_here_or_else_by_that_of_the_environment(
    monkeypatch, has_pip, flags, installer
):
    commands = []
    done = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(dev.importlib.util, "find_spec", lambda _: object() if has_pip else None)
    monkeypatch.setattr(
        dev.subprocess, "run", lambda command, **_: commands.append(command) or done
    )
    assert dev._install_tools()
    venv, install = commands
    assert venv == [sys.executable, "-m", "venv", "--clear", *flags, str(dev.VENV)]
    assert install[:3] == [installer, "-m", "pip"]
    assert install[-len(dev.TOOLS) :] == dev.TOOLS


def test_an_install_that_fails_is_shown(monkeypatch, capsys):
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(dev.subprocess, "run", lambda command, **_: failed)
    assert not dev._install_tools()
    assert "dev.py: this failed: " in capsys.readouterr().err


def test_a_second_one_waits_until_the_first_has_made_the_tools(monkeypatch):
    order = []
    first_has_begun, second_asks, may_end = (threading.Event() for _ in range(3))
    lock = dev.fcntl.flock

    def install():
        order.append("begun")
        first_has_begun.set()
        assert may_end.wait(60)
        order.append("made")
        return True

    def flock(file, operation):
        if first_has_begun.is_set():
            second_asks.set()
        lock(file, operation)

    monkeypatch.setattr(dev.fcntl, "flock", flock)
    monkeypatch.setattr(dev, "_has_tools", lambda: "made" in order)
    monkeypatch.setattr(dev, "_install_tools", install)
    monkeypatch.setattr(sys, "argv", ["dev.py", "lint"])
    monkeypatch.setattr(dev.subprocess, "Popen", Nox())
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(dev.main)
        assert first_has_begun.wait(60)
        second = pool.submit(dev.main)
        assert second_asks.wait(60)
        may_end.set()
        assert (first.result(60), second.result(60)) == (0, 0)
    assert order == ["begun", "made"]
