"""A player in another process, which exchanges JSON lines with this one.

Concurrency. One thread at a time uses a player; process.py describes the other threads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
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
from parity.spec.capabilities import lacking
from parity.spec.faults import Need
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
from parity.spec.trace import CHANNELS, Channel, Trace

HUNG_IN_A_ROW: Final = 3
WRONG_IN_A_ROW: Final = 10
"""Times in a row that a driver may hang, or go wrong in any way, before it is given up."""

T = TypeVar("T")


class DriverPlayer:
    """Player that keeps one driver process running, and replaces it when it goes wrong.

    A driver that fails at hello is given up: it isn't started again.

    Args:
        name: Its name in reports.
        command: The program and its arguments.
        limit: Real seconds that an answer may take.
        gives_up: True to also give up a driver that goes wrong too many times in a row.
            False if one scenario is played repeatedly because the driver goes wrong.
    """

    def __init__(
        self, name: str, command: Sequence[str], limit: float = 60.0, *, gives_up: bool = False
    ) -> None:
        self._name = name
        self._command = list(command)
        self._limit = limit
        self._gives_up = gives_up
        self._process: DriverProcess | None = None
        self._seq = 0
        self._log_began = 0
        self._in_a_row: list[Failure] = []
        self.hello: Hello | None = None
        """The driver's answer to hello, once it was started."""
        self.given_up = ""
        """The reason why it isn't started again, or empty."""

    def another(self) -> DriverPlayer:
        """Return a player of the same driver, whose process starts with its first play."""
        return DriverPlayer(self._name, self._command, self._limit, gives_up=self._gives_up)

    @property
    def name(self) -> str:
        """The player's name in reports."""
        return self._name

    @property
    def can(self) -> frozenset[Need]:
        """The needs that it says it meets, or those that anybody meets in virtual time."""
        said = None if self.hello is None else self.hello.needs
        return IN_VIRTUAL_TIME if said is None else frozenset(said)

    @property
    def channels(self) -> Collection[Channel]:
        """The channels that it says it has, or all."""
        said = None if self.hello is None else self.hello.channels
        return CHANNELS if said is None else said

    def start(self) -> Hello:
        """Start the process, and send hello.

        Raises:
            PortUnavailableError: It can't be run, isn't a driver of this protocol, or was
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
        """Request one trace, unless it said that it lacks something for it.

        A driver that goes wrong is killed.

        Raises:
            PortUnavailableError: The driver can't be started, or was given up.
        """
        if self.hello is not None:
            ordered = seed is not None or schedule is not None
            missing = lacking(file.scenario, self.hello.capabilities, ordered=ordered)
            if missing:
                return Skipped(f"needs {', '.join(missing)}")
        try:
            return self.ask(lambda seq: play_request(seq, file, seed, schedule), self._outcome)
        except DriverError as error:
            return Failed(error.failure, str(error), error.log_tail, error.choices, error.refusal)

    def ask(self, request: Callable[[int], str], read: Callable[[Answer], T]) -> T:
        """Send ``request(seq)`` with the next seq, and return ``read(answer)``.

        The process is started if there is none.

        Raises:
            DriverError: The driver refused; or it went wrong, which ``read`` may also raise,
                and was killed.
            PortUnavailableError: The driver can't be started, or was given up.
        """
        if self._process is None:
            self.start()
        assert self._process is not None
        self._seq += 1
        line = request(self._seq)
        self._log_began = self._process.log_position()
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
            self._kill()  # Its pending answer would be read as the answer to the next request.
            raise
        self._in_a_row.clear()
        raise self._refused(answer)

    def interrupt(self) -> None:
        """End the process of a play that another thread waits for, which then fails."""
        process = self._process
        if process is not None:
            process.interrupt()

    def close(self) -> str | None:
        """Send bye, end the process, and return what went wrong or None."""
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
        process = self._process
        match answer:
            case TraceAnswer():
                try:
                    document = {"events": answer.events, "struck": answer.struck}
                    return Played(
                        Trace.from_json(document),
                        by=self._maker(),
                        choices=answer.choices,
                        ordering="total" if self.hello is None else self.hello.order,
                        log="" if process is None else process.log_since(self._log_began),
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
            self._kill()  # The stalled lane would still run during later runs.
        refusal = Refusal(answer.reason, answer.step)
        return DriverError("refused", answer.message, log_tail, answer.choices, refusal)

    def _count(self, error: DriverError) -> None:
        """Count a failure, and give the driver up after too many; the next request raises then."""
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
