"""A running driver process, which answers each request line with one line.

Concurrency. One thread at a time calls ``ask``, ``say_bye`` and ``kill``; any thread may call
``interrupt`` meanwhile. It reads stdout only while it waits for an answer, so a driver that
prints more than its answer is blocked by its pipe. A second thread (``LogTail``) always reads
stderr, so the driver is never blocked there. A third thread waits for the process to end,
records its status, and closes a pipe, which wakes the thread in ``ask``: the end of stdout
doesn't show that the process has ended, and may not come when it has, as a child may hold stdout
open. Both threads end before ``kill`` returns.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Final

from parity.base.bounds import LARGEST_JSON
from parity.players.driver.descendants import Descendants
from parity.players.driver.pipes import LineReader, LogTail
from parity.players.environment import UMASK
from parity.players.outcome import Failure, Refusal
from parity.spec.protocol import (
    AnyAnswer,
    Bye,
    GarbageError,
    bye_request,
    parse_answer,
    quoted_line,
)
from parity.spec.schedules import Choice

ANSWER_BYTES: Final = LARGEST_JSON
"""Largest size of an answer: the trace of a million training steps has 65 MiB."""
GREETING_BYTES: Final = 64 * 2**10
"""Largest size of the answer to hello or bye."""
LOG_BYTES: Final = 4 * 2**10
"""Most bytes of the log that are kept of a scenario that was played; there are many of them."""
BYE_SECONDS: Final = 10.0
"""Time limit for a driver to answer bye and end."""

_STATUS_SECONDS: Final = 1.0
"""Time limit for a process to end after the end of its output."""
_LONGEST_WAIT: Final = 3600.0
"""Longest single wait, as ``poll`` accepts only some weeks."""


class DriverError(Exception):
    """A driver went wrong; ``log_tail`` is the end of its stderr, once it is known.

    ``choices`` are those of a run that couldn't be finished.
    """

    def __init__(
        self,
        failure: Failure,
        message: str,
        log_tail: str = "",
        choices: tuple[Choice, ...] = (),
        refusal: Refusal | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.log_tail = log_tail
        self.choices = choices
        self.refusal = refusal


class DriverProcess:
    """A process that runs a command in a session of its own, so that Ctrl-C reaches only us.

    Raises:
        OSError: The command can't be run.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._descendants = Descendants()
        self._popen = subprocess.Popen(  # noqa: S603 - running a command that the user gave
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._descendants.environment(),
            umask=UMASK,
            start_new_session=True,
        )
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        self._stdin, self._stdout = self._popen.stdin, self._popen.stdout
        os.set_blocking(self._stdin.fileno(), False)
        self._lines = LineReader(self._stdout)
        self._log = LogTail(self._popen.stderr)
        self._status: int | None = None
        self._dead, self._end = os.pipe()
        self._waiter = threading.Thread(target=self._wait_for_the_end, daemon=True)
        self._waiter.start()

    def ask(self, request: str, seconds: float, longest: int) -> AnyAnswer:
        """Send a line, and wait for the answer's line.

        Raises:
            DriverError: The process ended, didn't answer in time, or printed garbage.
        """
        try:
            self._refuse_unrequested_output(longest)
            return parse_answer(self._exchange(request, seconds, longest))
        except GarbageError as error:
            raise DriverError("garbage", str(error)) from None

    def say_bye(self) -> str:
        """Ask the process to end, wait until it has, and return what went wrong or empty text."""
        deadline = time.monotonic() + BYE_SECONDS
        try:
            answer = self.ask(bye_request(), BYE_SECONDS, GREETING_BYTES)
        except DriverError as error:
            return f"{error.failure}: {error}"
        if not isinstance(answer, Bye):
            return f"garbage: it answered bye with {answer.type}"
        self._stdin.close()
        if not self._ends_within(deadline - time.monotonic()):
            return f"hung: it answered bye and didn't end within {BYE_SECONDS:g} s"
        return f"crashed: it {self._how_it_ended()} after bye" if self._status else ""

    def interrupt(self) -> None:
        """End the process and all its descendants; whoever waits for its answer finds it ended."""
        self._descendants.kill(self._popen.pid)

    def kill(self) -> str:
        """End the process and all its descendants, and return the last lines of its log."""
        self._descendants.kill(self._popen.pid)
        if self._ends_within(BYE_SECONDS):  # A process that waits for a disk outlives even SIGKILL.
            self._waiter.join()
            self._popen.wait()
        os.close(self._dead)
        self._log.stop()
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        return self.log_tail()

    def log_tail(self) -> str:
        """Return the last lines of its stderr so far."""
        return self._log.text()

    def log_position(self) -> int:
        """Return how much it has written to stderr, in bytes."""
        return self._log.position()

    def log_since(self, position: int) -> str:
        """Return the last lines of its stderr after a position, less of them than of a failure."""
        return self._log.text(position, LOG_BYTES)

    def _refuse_unrequested_output(self, longest: int) -> None:
        if not (self._lines.read() or self._lines.kept):
            return
        line = self._lines.take(longest) or self._lines.kept
        with contextlib.suppress(GarbageError):
            seq = getattr(parse_answer(line), "seq", None)
            if seq is not None:
                raise DriverError("wrong seq", f"it answered {seq}, which nobody asked for")
        raise GarbageError(f"it printed what nobody asked for: {quoted_line(line)}")

    def _exchange(self, request: str, seconds: float, longest: int) -> bytes:
        unsent = memoryview(f"{request}\n".encode())
        deadline = time.monotonic() + seconds
        while (line := self._lines.take(longest)) is None:
            left = deadline - time.monotonic()
            if self._lines.ended:
                raise self._no_more_output(left)
            ready = self._ready(left, writing=bool(unsent))
            if not ready and left <= 0:
                raise DriverError("hung", self._what_is_missing(seconds, writing=bool(unsent)))
            if self._stdin.fileno() in ready:
                unsent = self._write(unsent)
            # Output from before its death is read first.
            if not self._lines.read() and not self._lines.ended and self._dead in ready:
                raise DriverError("crashed", f"it {self._how_it_ended()} before it answered")
        if unsent:
            raise GarbageError(
                f"it answered before it had read what it was asked: {quoted_line(line)}"
            )
        return line

    def _ready(self, seconds: float, *, writing: bool) -> set[int]:
        """Wait for stdout, for the end of the process, and with ``writing`` for stdin."""
        poll = select.poll()
        poll.register(self._stdout, select.POLLIN)
        poll.register(self._dead, select.POLLIN)
        if writing:
            poll.register(self._stdin, select.POLLOUT)
        return {fd for fd, _ in poll.poll(min(max(seconds, 0), _LONGEST_WAIT) * 1000)}

    def _write(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._stdin.fileno(), unsent) :]
        except BlockingIOError:
            return unsent
        except OSError:
            return unsent[:0]  # It no longer reads; its end or its output shows why.

    def _what_is_missing(self, seconds: float, *, writing: bool) -> str:
        if writing:
            return f"it didn't read what it was asked within {seconds:g} s"
        begun = self._lines.kept
        what = f", only a line without an end: {quoted_line(begun)}" if begun else ""
        return f"no answer within {seconds:g} s{what}"

    def _no_more_output(self, left: float) -> DriverError:
        if self._ends_within(min(left, _STATUS_SECONDS)):
            return DriverError("crashed", f"it {self._how_it_ended()} before it answered")
        return DriverError("crashed", "it closed its stdout before it answered")

    def _ends_within(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._dead, select.POLLIN)
        return bool(poll.poll(max(seconds, 0) * 1000))

    def _how_it_ended(self) -> str:
        assert self._status is not None
        if self._status >= 0:
            return f"exited with status {self._status}"
        try:
            return f"was killed by {signal.Signals(-self._status).name}"
        except ValueError:  # A real-time signal.
            return f"was killed by signal {-self._status}"

    def _wait_for_the_end(self) -> None:
        if hasattr(os, "waitid"):
            # Without reaping it, so that its pid can't become another process's before `kill`.
            end = os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOWAIT)
            assert end is not None
            self._status = end.si_status if end.si_code == os.CLD_EXITED else -end.si_status
        else:
            self._status = self._popen.wait()
        os.close(self._end)
