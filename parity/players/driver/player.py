"""A player that is another process, spoken to in JSON lines.

Concurrency. One thread at a time uses a player; what else runs is in driver_process.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from pydantic import ValidationError

from parity.base.problems import PortUnavailableError
from parity.players.driver.process import (
    ANSWER_BYTES,
    GREETING_BYTES,
    DriverError,
    DriverProcess,
)
from parity.players.outcome import (
    IN_VIRTUAL_TIME,
    Failed,
    Failure,
    Maker,
    Outcome,
    Played,
    Refusal,
    Skipped,
)
from parity.spec.loading import ScenarioFile
from parity.spec.protocol import (
    PROTOCOL,
    Answer,
    Bye,
    FailedAnswer,
    Hello,
    SkippedAnswer,
    TraceAnswer,
    first_of,
    hello_request,
    play_request,
)
from parity.spec.schedules import Schedule
from parity.spec.trace import Trace

HUNG_IN_A_ROW: Final = 3
WRONG_IN_A_ROW: Final = 10
"""A driver that hangs, or goes wrong in whatever way, so often in a row is given up."""

T = TypeVar("T")


class DriverPlayer:
    """Keeps one driver process running, and starts another when it has gone wrong.

    A driver that fails at hello is given up: it isn't started again.

    Args:
      name: what reports call it.
      command: the program and its arguments.
      limit: real seconds that an answer may take.
      gives_up: also give up a driver that goes wrong too often in a row. Not where a
        single scenario is played over and over because the driver goes wrong.
    """

    can = IN_VIRTUAL_TIME

    def __init__(
        self, name: str, command: Sequence[str], limit: float = 60.0, *, gives_up: bool = False
    ) -> None:
        self._name = name
        self._command = list(command)
        self._limit = limit
        self._gives_up = gives_up
        self._process: DriverProcess | None = None
        self._seq = 0
        self._in_a_row: list[Failure] = []
        self.hello: Hello | None = None
        """Who the driver said it is, once it was started."""
        self.given_up = ""
        """Why it isn't started again; empty while it is."""

    @property
    def name(self) -> str:
        """What reports call it."""
        return self._name

    def start(self) -> Hello:
        """Start the process and greet it.

        Raises:
          PortUnavailableError: it can't be run, isn't a driver of this protocol, or was
            given up before.
        """
        if self.given_up:
            raise PortUnavailableError(self.given_up)
        try:
            self.hello = self._start()
        except DriverError as error:
            self.given_up = (
                f"{self._name}: {self._again()}hello failed, {error.failure}: {error}"
                + _last_words(error.log_tail)
                + "\nsee docs/driver-protocol.md"
            )
            raise PortUnavailableError(self.given_up) from None
        except OSError as error:
            self.given_up = (
                f"{self._name}: {self._again()}{self._command[0]} can't be run: "
                f"{error.strerror or error}"
            )
            raise PortUnavailableError(self.given_up) from None
        return self.hello

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Ask for one trace; a driver that goes wrong is killed.

        Raises:
          PortUnavailableError: it can't be started, or was given up.
        """
        try:
            return self.ask(lambda seq: play_request(seq, file, seed, schedule), self._outcome)
        except DriverError as error:
            return Failed(error.failure, str(error), error.log_tail, error.choices, error.refusal)

    def ask(self, request: Callable[[int], str], read: Callable[[Answer], T]) -> T:
        """Send what ``request`` makes of the next seq; what ``read`` makes of the answer to it.

        The process is started if there is none.

        Raises:
          DriverError: it refused; or it went wrong, which ``read`` may say as well, and
            was killed.
          PortUnavailableError: it can't be started, or was given up.
        """
        if self._process is None:
            self.start()
        assert self._process is not None
        self._seq += 1
        line = request(self._seq)
        try:
            answer = self._process.ask(line, self._limit, ANSWER_BYTES)
            if isinstance(answer, Hello | Bye):
                raise DriverError("garbage", f"it answered {_type_of(line)} with {answer.type}")
            if answer.seq != self._seq:
                message = f"asked for {self._seq}, answered {answer.seq}"
                raise DriverError("wrong seq", message)
            if not isinstance(answer, FailedAnswer):
                result = read(answer)
                self._in_a_row.clear()
                return result
        except DriverError as error:
            error.log_tail = self._kill()
            self._count(error)
            raise
        except BaseException:
            self._kill()  # Its answer is still to come, and would be taken for the next one's.
            raise
        self._in_a_row.clear()
        raise self._refused(answer)

    def close(self) -> str | None:
        """Say bye, and see to it that the process ends; what went wrong with that."""
        if self._process is None:
            return None
        try:
            wrong = self._process.say_bye()
        finally:
            log_tail = self._kill()
        return f"{self._name}: bye failed, {wrong}{_last_words(log_tail)}" if wrong else None

    def _start(self) -> Hello:
        self._process = DriverProcess(self._command)
        try:
            answer = self._process.ask(hello_request(), self._limit, GREETING_BYTES)
            if not isinstance(answer, Hello):
                raise DriverError("garbage", f"it answered hello with {answer.type}")
            if answer.protocol != PROTOCOL:
                message = f"protocol: expected {PROTOCOL}, got {answer.protocol}"
                raise DriverError("garbage", message)
        except DriverError as error:
            error.log_tail = self._kill()
            raise
        except BaseException:
            self._kill()
            raise
        return answer

    def _again(self) -> str:
        if self.hello is None:
            return ""
        return f"started again after it went wrong ({', '.join(self._in_a_row) or 'stalled'}), "

    def _outcome(self, answer: Answer) -> Outcome:
        match answer:
            case TraceAnswer():
                try:
                    document = {"events": answer.events, "struck": answer.struck}
                    return Played(
                        Trace.from_json(document),
                        by=self._maker(),
                        choices=answer.choices,
                        ordering="total" if self.hello is None else self.hello.order,
                    )
                except ValidationError as error:
                    raise DriverError("garbage", f"no trace: {first_of(error)}") from None
            case SkippedAnswer():
                return Skipped(answer.reason)
            case _:
                raise DriverError("garbage", f"it answered play with {answer.type}")

    def _maker(self) -> Maker | None:
        if self.hello is None:
            return None
        return Maker(
            implementation=self.hello.implementation,
            language=self.hello.language,
            version=self.hello.version,
            source_digest=self.hello.source_digest,
        )

    def _refused(self, answer: FailedAnswer) -> DriverError:
        assert self._process is not None
        log_tail = self._process.log_tail()
        if answer.reason == "stalled":
            self._kill()  # The lane that stalled runs on, into the plays that follow.
        refusal = Refusal(answer.reason, answer.step)
        return DriverError("refused", answer.message, log_tail, answer.choices, refusal)

    def _count(self, error: DriverError) -> None:
        """Give the driver up if that is enough; it is said when it is asked again."""
        self._in_a_row = [*self._in_a_row, error.failure][-WRONG_IN_A_ROW:]
        hung = self._in_a_row[-HUNG_IN_A_ROW:] == ["hung"] * HUNG_IN_A_ROW
        if self._gives_up and (hung or len(self._in_a_row) == WRONG_IN_A_ROW):
            times = HUNG_IN_A_ROW if hung else WRONG_IN_A_ROW
            self.given_up = (
                f"{self._name}: given up, as it went wrong {times} times in a row, "
                f"at last {error.failure}: {error}"
            )

    def _kill(self) -> str:
        process, self._process = self._process, None
        return process.kill() if process is not None else ""


def _type_of(request: str) -> str:
    return str(json.loads(request)["type"])


def _last_words(log_tail: str) -> str:
    return f"\nits last words:\n{log_tail}" if log_tail else ""
