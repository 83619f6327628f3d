"""The processes of a cluster, from the view of the player that started them.

Concurrency. Two threads per process read its stdout and stderr to their ends. A thread
that sends a command holds the process's lock until the answer has arrived, and a thread
that ends the process holds another lock, so that it is reaped once.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from parity.base import project
from parity.base.problems import PortUnavailableError
from parity.players.cluster.wire import (
    RoleAnswer,
    RoleCommand,
    TimestampedEvent,
    parse_role_message,
)
from parity.players.environment import UMASK, environment_of_players

_LOG_LINES: Final = 40
_IMPORT_SECONDS: Final = 120.0
_END_SECONDS: Final = 2.0
_PACKET_BYTES: Final = 1 << 16
_ROLES: Final = ("parity.players.cluster.roles",)


class ProcessLostError(Exception):
    """A process ended without being killed, or sent an invalid message."""

    def __init__(self, message: str, log_tail: str) -> None:
        super().__init__(message)
        self.log_tail = log_tail
        self.add_note(log_tail)


class RoleTimeoutError(Exception):
    """A process didn't answer within its time limit."""

    def __init__(self, message: str, log_tail: str) -> None:
        super().__init__(message)
        self.log_tail = log_tail


class Zygote:
    """The process from which all others are forked (``parity.players.cluster.zygote``).

    Args:
        prepare: Modules to import and functions to call once for all of them.

    Raises:
        PortUnavailableError: It can't be started.
    """

    def __init__(self, prepare: Sequence[str] = _ROLES) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        environment = {
            **environment_of_players(),
            "TF_GRPC_REUSE_PORT": "1",  # See parity.players.cluster.cluster.
            "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "CUDA_VISIBLE_DEVICES": "",
            "OPENBLAS_NUM_THREADS": "1",  # A fork takes one thread along, so there must be one.
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(
                filter(None, (str(project.ROOT), os.environ.get("PYTHONPATH")))
            ),
        }
        with theirs:
            self._popen = subprocess.Popen(  # noqa: S603 - this project's own module
                [
                    sys.executable,
                    "-m",
                    "parity.players.cluster.zygote",
                    str(theirs.fileno()),
                    *prepare,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                env=environment,
                umask=UMASK,
                start_new_session=True,  # The player handles Ctrl-C.
                text=True,
            )
        assert self._popen.stderr is not None
        self._log = _Tail(self._popen.stderr)
        self._control.settimeout(_IMPORT_SECONDS)
        self._await_import()

    def run(self, function: str, args: list[object], fds: tuple[int, int, int]) -> int:
        """Fork a child that calls ``module:function`` with these streams, and return its pid."""
        return int(self._request({"run": function, "args": args}, fds)["pid"])

    def reap(self, pid: int) -> int:
        """Wait for a child to end, and return its exit status, negative for a signal."""
        return int(self._request({"reap": pid})["status"])

    def close(self) -> None:
        """End the process and all its children."""
        self._control.close()  # The process then reaps its children and ends.
        try:
            self._popen.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._log.join()

    def _await_import(self) -> None:
        try:
            self._receive()
        except ProcessLostError as error:
            self.close()
            raise PortUnavailableError(f"{error}\n{self._log.text()}") from None
        except BaseException:
            self.close()
            raise

    def _request(self, request: dict[str, Any], fds: tuple[int, ...] = ()) -> dict[str, Any]:
        with self._lock:
            with contextlib.suppress(OSError):  # It has ended; the missing answer shows that.
                socket.send_fds(self._control, [json.dumps(request).encode()], fds)
            return self._receive()

    def _receive(self) -> dict[str, Any]:
        try:
            packet = self._control.recv(_PACKET_BYTES)
        except OSError as error:
            packet, why = b"", f": {error}"
        else:
            why = ""
        if not packet:
            message = f"the process that starts the others has ended{why}"
            raise ProcessLostError(message, self._log.text())
        return dict(json.loads(packet))


class _Tail:
    """The last lines of a log, read by a thread of its own."""

    def __init__(self, log: IO[str]) -> None:
        self._lines: deque[str] = deque(maxlen=_LOG_LINES)
        self._thread = threading.Thread(target=self._read, args=(log,), daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return the last lines so far."""
        return "\n".join(self._lines)

    def join(self) -> None:
        """Wait for the end of the log."""
        self._thread.join(5)

    def _read(self, log: IO[str]) -> None:
        with log:
            for line in log:
                self._lines.append(line.rstrip("\n"))


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie; another thread may reap it at any moment."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True  # It was reaped before the file was opened, or before it was read.
    return stat.rpartition(b")")[2].split()[0] == b"Z"


@dataclass(frozen=True)
class _NoMoreAnswers:
    """The end of a process's output, or what it printed in place of a message."""

    garbage: str = ""


class RoleProcess:
    """One process of a cluster.

    Args:
        name: Its name in errors: ``ps-1``, ``chief``.
        zygote: Starts the process.
        function: ``module:function``, which speaks the protocol of ``parity.players.cluster.wire``.
        args: Its arguments, as JSON.
        take: Called with each event, on the thread that reads its stdout.
    """

    def __init__(
        self,
        name: str,
        zygote: Zygote,
        function: str,
        args: list[object],
        take: Callable[[TimestampedEvent], None],
    ) -> None:
        self.name: Final = name
        self._zygote = zygote
        self._take = take
        self._asking = threading.Lock()
        self._ending = threading.Lock()
        self._answers: queue.Queue[RoleAnswer | _NoMoreAnswers] = queue.Queue()
        self._late = 0
        """Answers that nobody waits for any more; they come before that of the next command."""
        stdin, ours_in = os.pipe()
        ours_out, stdout = os.pipe()
        ours_err, stderr = os.pipe()
        try:
            self.pid: Final = zygote.run(function, args, (stdin, stdout, stderr))
        finally:
            for fd in (stdin, stdout, stderr):
                os.close(fd)
        self._stdin = open(ours_in, "w", encoding="utf-8")  # noqa: SIM115 - closed by kill
        self._log = _Tail(open(ours_err, encoding="utf-8", errors="replace"))  # noqa: SIM115
        out = open(ours_out, encoding="utf-8", errors="replace")  # noqa: SIM115 - by its reader
        self._reader = threading.Thread(target=self._read, args=(out,), daemon=True)
        self._reader.start()
        self._status: int | None = None

    def ask(self, command: RoleCommand, limit: float) -> RoleAnswer:
        """Send a command, and wait for the answer.

        Raises:
            ProcessLostError: The process has ended.
            RoleTimeoutError: It took longer than ``limit`` real seconds.
        """
        with self._asking:
            # It has ended, or was killed, which closes the file; the end of its output shows that.
            with contextlib.suppress(OSError, ValueError):
                self._stdin.write(command.model_dump_json() + "\n")
                self._stdin.flush()
            return self._wait(limit, command.do)

    def wait_for_start(self, limit: float) -> None:
        """Wait until the process is ready for commands.

        Raises:
            ProcessLostError: The process has ended.
            RoleTimeoutError: It took longer than ``limit`` real seconds.
        """
        self._wait(limit, "its start")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; the process isn't reaped before ``kill``, so the pid is still its own."""
        os.kill(self.pid, number)

    def kill(self) -> int:
        """Kill the process with SIGKILL, reap it, and return its exit status."""
        with self._ending:
            if self._status is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
                try:
                    self._status = self._zygote.reap(self.pid)
                except ProcessLostError:
                    self._status = -signal.SIGKILL  # Its children end with the zygote.
                self._reader.join(5)
                self._log.join()
                with contextlib.suppress(OSError):
                    self._stdin.close()
            return self._status

    @property
    def log_tail(self) -> str:
        """The last lines of its stderr so far."""
        return self._log.text()

    @property
    def is_gone(self) -> bool:
        """True once its output has ended."""
        return not self._reader.is_alive()

    def lost(self) -> ProcessLostError:
        """Return the error for a process that has ended."""
        self._await_end()
        status = self.kill()
        how = f"exited with {status}"
        if status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        return ProcessLostError(f"{self.name} {how}", self.log_tail)

    def _await_end(self) -> None:
        """Wait for the process to end by itself, so that its status isn't that of a kill."""
        until = time.monotonic() + _END_SECONDS
        while time.monotonic() < until and not has_ended(self.pid):
            time.sleep(0.01)

    def _wait(self, limit: float, what: str) -> RoleAnswer:
        until = time.monotonic() + limit
        while True:
            try:
                answer = self._answers.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                self._late += 1
                message = f"{self.name} didn't answer {what} within {limit:g} s"
                raise RoleTimeoutError(message, self.log_tail) from None
            if isinstance(answer, _NoMoreAnswers):
                self._answers.put(answer)  # For the next command.
                garbage = answer.garbage
                raise self.lost() if not garbage else ProcessLostError(garbage, self.log_tail)
            if not self._late:
                return answer
            self._late -= 1

    def _read(self, out: IO[str]) -> None:
        with out:
            for line in out:
                try:
                    said = parse_role_message(line)
                except ValueError as error:
                    garbage = f"{self.name} printed {line[:80]!r}: {error}"
                    self._answers.put(_NoMoreAnswers(garbage))
                    return
                if isinstance(said, TimestampedEvent):
                    self._take(said)
                else:
                    self._answers.put(said)
        self._answers.put(_NoMoreAnswers())
