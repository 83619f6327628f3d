"""The processes that a program has started, even if they left its group.

A process leaves its group by ``setsid`` and its parent by outliving it, but it keeps the
environment it was started with. So the program gets an environment variable with a unique
name, which all its descendants inherit; /proc/PID/environ shows which processes have it.
Children of such a process are included, whatever their environment.

A process isn't found if it was started with another environment and has outlived its
parent, or if another user runs it. Without /proc, which only Linux has, nothing is found.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import uuid
from pathlib import Path
from typing import Final

from parity.players.environment import environment_of_players

_PROC: Final = Path("/proc")
_READS: Final = 10
"""Times that an empty environment is read again; executing takes less than a millisecond."""
_END_SECONDS: Final = 5.0
"""Time limit of the search: a killed process ends at once, unless it waits for a disk."""


class Descendants:
    """All processes that one program has started, directly or indirectly."""

    def __init__(self) -> None:
        self._variable = f"PARITY_DRIVER_{uuid.uuid4().hex}"

    def environment(self) -> dict[str, str]:
        """Return the environment to start the program with.

        Raises:
            PortUnavailableError: There is no folder for temporary files.
        """
        return {**environment_of_players(), self._variable: "1"}

    def kill(self, program: int) -> None:
        """Kill the program, which must not have been reaped yet, and all its descendants."""
        deadline = time.monotonic() + _END_SECONDS
        killed: dict[int, int] = {}
        found = self._living(program)  # Before the program's children lose their parent.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program, signal.SIGKILL)
        while found and time.monotonic() < deadline:
            for pid in found:
                killed.setdefault(pid, _start(pid))
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)
            # Those that were started meanwhile, and those that lost parent and mark and still die.
            dying = {pid for pid, start in killed.items() if _is_living(pid, start)}
            found = self._living(program) | dying

    def _living(self, program: int) -> set[int]:
        mark = f"{self._variable}=1".encode()
        parents: dict[int, int] = {}
        found = {program}
        began = _start(program)
        for pid in _processes():
            # A process may end at any time, or belong to another user.
            with contextlib.suppress(OSError):
                state, parents[pid] = _state_and_parent(pid)
                if state in "ZX":
                    del parents[pid]
                elif mark in self._environment_of(pid, began).split(b"\0"):
                    found.add(pid)
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found & parents.keys()

    @staticmethod
    def _environment_of(pid: int, began: int) -> bytes:
        """Return the environment of a process, which it doesn't have while it executes another.

        For that moment it is empty, as those of kernel threads are; so one that isn't older
        than the program is read again.
        """
        environ = _PROC / str(pid) / "environ"
        read = environ.read_bytes()
        for _ in range(_READS):
            if read or _start(pid) < began:
                break
            time.sleep(0.001)
            read = environ.read_bytes()
        return read


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir(_PROC) if name.isdigit()]
    except OSError:
        return []


def _state_and_parent(pid: int) -> tuple[str, int]:
    fields = _stat(pid)
    return fields[0], int(fields[1])


def _start(pid: int) -> int:
    """Return when a process started, in ticks since the machine did; 0 if it is gone."""
    try:
        return int(_stat(pid)[19])
    except OSError:
        return 0


def _is_living(pid: int, start: int) -> bool:
    """Return whether the process that started then is still there."""
    try:
        fields = _stat(pid)
    except OSError:
        return False
    return fields[0] not in "ZX" and int(fields[19]) == start


def _stat(pid: int) -> list[str]:
    # The name, between parentheses, may contain any character.
    return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
