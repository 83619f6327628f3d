"""A player that is another process, spoken to in JSON lines.

Concurrency. One thread asks and waits; two more per process read its stdout and
stderr to the end, so that neither pipe can fill up and block the driver. They end
when the process does.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO, Final

from pydantic import ValidationError

from parity.loading import ScenarioFile
from parity.players.environment import UMASK, environment_of_players
from parity.players.outcome import (
    IN_VIRTUAL_TIME,
    Failed,
    Failure,
    Maker,
    Outcome,
    Played,
    Skipped,
    Timing,
)
from parity.players.protocol import (
    PROTOCOL,
    Answer,
    AnyAnswer,
    Bye,
    FailedAnswer,
    GarbageError,
    Hello,
    SkippedAnswer,
    TraceAnswer,
    bye_request,
    hello_request,
    parse_answer,
    play_request,
)
from parity.problems import PortUnavailableError
from parity.schedules import Choice, Schedule
from parity.trace import Trace

_LOG_LINES: Final = 20
_BYE_SECONDS: Final = 10.0


class DriverError(Exception):
    """A driver went wrong, and how; ``log_tail`` is the end of its stderr, once it is known.

    ``choices`` are those of a play that couldn't be finished.
    """

    def __init__(
        self,
        failure: Failure,
        message: str,
        log_tail: str = "",
        choices: tuple[Choice, ...] = (),
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.log_tail = log_tail
        self.choices = choices


class DriverPlayer:
    """Keeps one driver process running, and starts another when it has gone wrong.

    Args:
      name: what reports call it.
      command: the program and its arguments.
      limit: real seconds that an answer may take.
    """

    can = IN_VIRTUAL_TIME
    timing: Timing = "exact"

    def __init__(self, name: str, command: Sequence[str], limit: float = 60.0) -> None:
        self._name = name
        self._command = list(command)
        self._limit = limit
        self._process: _Process | None = None
        self._seq = 0
        self.hello: Hello | None = None
        """Who the driver said it is, once it was started."""

    @property
    def name(self) -> str:
        """What reports call it."""
        return self._name

    def start(self) -> Hello:
        """Start the process and greet it.

        Raises:
          PortUnavailableError: it can't be run, or isn't a driver of this protocol.
        """
        try:
            self._process = _Process(self._command, self._limit)
        except OSError as error:
            raise PortUnavailableError(
                f"{self._name}: {self._command[0]} can't be run: {error.strerror}"
            ) from None
        try:
            answer = self._process.ask(hello_request())
            if not isinstance(answer, Hello):
                raise DriverError("garbage", f"it answered hello with {answer.type}")
            if answer.protocol != PROTOCOL:
                raise DriverError(
                    "garbage", f"it speaks protocol {answer.protocol}; {PROTOCOL} would be right"
                )
        except DriverError as error:
            tail = self._kill()
            raise PortUnavailableError(
                f"{self._name}: hello failed, {error.failure}: {error}"
                + (f"\nits last words:\n{tail}" if tail else "")
                + "\nsee docs/driver-protocol.md"
            ) from None
        self.hello = answer
        return answer

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Ask for one trace; a driver that goes wrong is killed."""
        try:
            return self._outcome(self.ask(lambda seq: play_request(seq, file, seed, schedule)))
        except DriverError as error:
            return Failed(error.failure, str(error), error.log_tail, error.choices)

    def ask(self, request: Callable[[int], str]) -> Answer:
        """Send what ``request`` makes of the next seq, and wait for the answer to it.

        The process is started if there is none.

        Raises:
          DriverError: it refused, or went wrong and was killed.
          PortUnavailableError: it can't be started.
        """
        if self._process is None:
            self.start()
        assert self._process is not None
        self._seq += 1
        line = request(self._seq)
        try:
            answer = self._process.ask(line)
            if isinstance(answer, Hello | Bye):
                raise DriverError("garbage", f"it answered {_type_of(line)} with {answer.type}")
            if answer.seq != self._seq:
                message = f"asked for {self._seq}, answered {answer.seq}"
                raise DriverError("wrong seq", message)
        except DriverError as error:
            error.log_tail = self._kill()
            raise
        if isinstance(answer, FailedAnswer):
            tail = self._process.log_tail()
            if answer.message.startswith("stalled:"):
                self._kill()  # The lane that stalled runs on, into the plays that follow.
            raise DriverError("refused", answer.message, tail, answer.choices)
        return answer

    def garbage(self, message: str) -> DriverError:
        """Kill a driver whose answer turned out to be nonsense; the error to raise."""
        return DriverError("garbage", message, self._kill())

    def close(self) -> None:
        """Say bye, and see to it that the process ends."""
        if self._process is not None:
            self._process.say_bye()
            self._kill()

    def _outcome(self, answer: Answer) -> Outcome:
        match answer:
            case TraceAnswer():
                try:
                    document = {"events": answer.events, "struck": answer.struck}
                    return Played(
                        Trace.from_json(document), by=self._maker(), choices=answer.choices
                    )
                except ValidationError as error:
                    first = error.errors()[0]
                    where = ".".join(map(str, first["loc"]))
                    raise self.garbage(f"no trace: {where}: {first['msg']}") from None
            case SkippedAnswer():
                return Skipped(answer.reason)
            case _:
                raise self.garbage(f"it answered play with {answer.type}")

    def _maker(self) -> Maker | None:
        if self.hello is None:
            return None
        return Maker(
            implementation=self.hello.implementation,
            language=self.hello.language,
            version=self.hello.version,
            source_digest=self.hello.source_digest,
        )

    def _kill(self) -> str:
        process, self._process = self._process, None
        return process.kill() if process is not None else ""


def _type_of(request: str) -> str:
    return str(json.loads(request)["type"])


class _Process:
    """A running driver: lines in, lines out, and the tail of its log."""

    def __init__(self, command: list[str], limit: float) -> None:
        self._limit = limit
        self._popen = subprocess.Popen(  # noqa: S603 - running a command that the user gave
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=environment_of_players(),
            umask=UMASK,
            start_new_session=True,  # So that what it starts can be ended with it.
        )
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        self._stdin = self._popen.stdin
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._readers = [
            threading.Thread(target=self._read_answers, args=(self._popen.stdout,), daemon=True),
            threading.Thread(target=self._read_log, args=(self._popen.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def ask(self, request: str) -> AnyAnswer:
        """Send a line and wait for one.

        Raises:
          DriverError: the process ended, said nothing in time, or printed nonsense.
        """
        try:
            self._stdin.write(request + "\n")
            self._stdin.flush()
        except OSError:
            pass  # It has ended: the end of its output says so, with the status.
        try:
            line = self._lines.get(timeout=self._limit)
        except queue.Empty:
            raise DriverError("hung", f"no answer within {self._limit:g} s") from None
        if line is None:
            raise DriverError("crashed", f"it {self._how_it_ended()} before it answered")
        try:
            return parse_answer(line)
        except GarbageError as error:
            raise DriverError("garbage", str(error)) from None

    def say_bye(self) -> None:
        """Ask the process to end, and give it some time to."""
        try:
            self._stdin.write(bye_request() + "\n")
            self._stdin.close()
            self._popen.wait(_BYE_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            pass  # It will be killed.

    def kill(self) -> str:
        """End the process for good; the last lines of its log."""
        with contextlib.suppress(ProcessLookupError):  # All of it has ended already.
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        for reader in self._readers:
            reader.join(_BYE_SECONDS)
        with contextlib.suppress(OSError):  # What was still to be written has no reader.
            self._stdin.close()
        return self.log_tail()

    def log_tail(self) -> str:
        """The last lines of its stderr so far."""
        return "\n".join(self._log)

    def _how_it_ended(self) -> str:
        status = self._popen.wait()
        if status < 0:
            return f"was killed by {signal.Signals(-status).name}"
        return f"exited with status {status}"

    def _read_answers(self, stdout: IO[str]) -> None:
        with stdout:
            for line in stdout:
                self._lines.put(line)
        self._lines.put(None)

    def _read_log(self, stderr: IO[str]) -> None:
        with stderr:
            for line in stderr:
                self._log.append(line.rstrip("\n"))
