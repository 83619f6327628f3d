"""What a program has started is found, in whatever session and under whichever parent."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from parity.players.driver import descendants
from parity.players.driver.descendants import Descendants


@contextmanager
def started(family, script):
    """A program in sh; the number that it prints is of a process that it has started."""
    command = ["sh", "-c", script]
    environment = family.environment()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, start_new_session=True
    ) as program:
        yield program, int(program.stdout.readline())


def is_living(pid):
    with suppress(OSError):
        return descendants._state_and_parent(pid)[0] not in "ZX"
    return False


@pytest.mark.parametrize(
    "script",
    [
        "sleep 600 & echo $!; wait",
        "setsid sleep 600 & echo $!; wait",
        "(setsid sleep 600 & echo $!); sleep 600",
        "setsid sh -c '(setsid sleep 600 & echo $!); sleep 600' & wait",
        "env -i setsid sleep 600 & echo $!; wait",
        "trap '' TERM INT HUP; (trap '' TERM; setsid sleep 600 & echo $!); sleep 600",
    ],
)
def test_it_ends_with_the_program(script):
    family = Descendants()
    with started(family, script) as (program, pid):
        assert is_living(pid)
        family.kill(program.pid)
        assert not is_living(pid)
        assert program.wait() == -9


def test_what_outlives_a_program_that_has_ended_by_itself_is_ended():
    family = Descendants()
    with started(family, "setsid sleep 600 & echo $!; exit 3") as (program, pid):
        os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
        assert is_living(pid)
        family.kill(program.pid)
        assert not is_living(pid)
        assert program.wait() == 3


def test_what_starts_others_for_as_long_as_it_lives_is_ended_with_all_of_them():
    family = Descendants()
    again = "while true; do setsid sleep 600 & done"
    with started(family, f"setsid sh -c '{again}' & echo $!; wait") as (program, pid):
        family.kill(program.pid)
        assert not is_living(pid)
        assert not family._living(program.pid)


def test_another_programs_processes_are_left_alone():
    one, other = Descendants(), Descendants()
    script = "setsid sleep 600 & echo $!; wait"
    with started(one, script) as (first, _), started(other, script) as (second, pid):
        one.kill(first.pid)
        assert second.poll() is None
        assert is_living(pid)
        other.kill(second.pid)
        assert not is_living(pid)


def test_without_proc_its_group_is_ended(monkeypatch):
    monkeypatch.setattr(descendants, "_PROC", Path("/nowhere"))
    family = Descendants()
    with started(family, "sleep 600 & echo $!; wait") as (program, _):
        family.kill(program.pid)
        assert program.stdout.read() == b""  # All who had its other end are gone.
        assert program.wait() == -9


def test_a_name_with_parentheses_and_spaces_is_read(tmp_path):
    program = tmp_path / ") R 1 ("
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "600"]) as process:
        assert descendants._state_and_parent(process.pid)[1] == os.getpid()
        process.kill()
