"""The driver protocol: requests, and validated answers.

docs/driver-protocol.md describes the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Discriminator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from parity.base.model import FailFastTuple, Model, canonical_json, frozen
from parity.base.strict_json import parse_json
from parity.base.terminal_text import printable
from parity.spec.interop import Called, Decoded, Encoded, Looked
from parity.spec.loading import ScenarioFile
from parity.spec.schedules import Choice, Schedule

PROTOCOL: Final = 1

_LONGEST_PROSE: Final = 10_000
_SHOWN: Final = 200


class GarbageError(Exception):
    """Output of a driver that isn't an answer; the message shows it."""


def prose(text: str) -> str:
    """Make a driver's text safe for a terminal and a report: printable, and of bounded length."""
    more = len(text) - _LONGEST_PROSE
    return printable(text if more <= 0 else f"{text[:_LONGEST_PROSE]}... ({more} more characters)")


def quoted_line(line: bytes) -> str:
    """Quote the beginning of a line."""
    text = line[:_SHOWN].decode("utf-8", errors="backslashreplace")
    return printable(repr(text + "..." * (len(line) > _SHOWN)))


def _a_reason(text: str) -> str:
    if not any(character.isprintable() and not character.isspace() for character in text):
        raise PydanticCustomError("no_reason", "a skip needs a reason; expected what is lacking")
    return text


def _flags(value: Any) -> Any:
    """Refuse the first value that isn't a boolean; pydantic would list millions."""
    for key, flag in value.items() if isinstance(value, dict) else ():
        if not isinstance(flag, bool):
            raise PydanticCustomError("flag", "{key}: expected true or false", {"key": prose(key)})
    return value


Prose = Annotated[str, AfterValidator(prose)]
Reason = Annotated[str, AfterValidator(_a_reason), AfterValidator(prose)]


class Hello(Model):
    """The driver's identity and capabilities."""

    type: Literal["hello"]
    protocol: int
    implementation: str
    language: str
    version: str
    source_digest: str | None = None
    capabilities: tuple[str, ...] = ()
    order: Literal["total", "lanes"] = "total"
    """``total`` if it schedules lanes as docs/virtual-time.md says, else ``lanes``."""


class TraceAnswer(Model):
    """The trace of the scenario, as JSON that isn't validated yet."""

    type: Literal["trace"]
    seq: int
    events: Any
    struck: Annotated[Any, AfterValidator(_flags)]
    choices: FailFastTuple[Choice] = ()


class SkippedAnswer(Model):
    """The driver lacks something that the scenario needs."""

    type: Literal["skipped"]
    seq: int
    reason: Reason


RefusalReason = Literal["deadlock", "stalled", "schedule", "unplayable"]
"""Reason why a working driver couldn't finish a scenario: no lane can ever run, a lane kept the
turn for too long, the schedule takes a candidate that doesn't exist, or a step can't be done."""


class FailedAnswer(Model):
    """The driver couldn't play the scenario.

    ``step`` is the index of the step that can't be done, if the scenario is unplayable.
    """

    type: Literal["failed"]
    seq: int
    message: Prose
    reason: RefusalReason = "unplayable"
    step: int | None = None
    choices: FailFastTuple[Choice] = ()


class ServingAnswer(Model):
    """A controller is served, and its address published."""

    type: Literal["serving"]
    seq: int


class ArrivedAnswer(Model):
    """The workers are blocked."""

    type: Literal["arrived"]
    seq: int


class StoppedAnswer(Model):
    """The controller is no longer served."""

    type: Literal["stopped"]
    seq: int


class CalledAnswer(Called):
    """The result of a call."""

    type: Literal["called"]
    seq: int


class EncodedAnswer(Encoded):
    """A message's bytes."""

    type: Literal["encoded"]
    seq: int


class DecodedAnswer(Decoded):
    """The fields and text of a decoded message."""

    type: Literal["decoded"]
    seq: int


class LookedAnswer(Looked):
    """The port's observations."""

    type: Literal["looked"]
    seq: int


class Bye(Model):
    """The driver exits."""

    type: Literal["bye"]


InteropAnswer = (
    ServingAnswer
    | ArrivedAnswer
    | StoppedAnswer
    | CalledAnswer
    | EncodedAnswer
    | DecodedAnswer
    | LookedAnswer
)
Answer = TraceAnswer | SkippedAnswer | InteropAnswer
"""An answer to a request with a seq, unless it failed."""
AnyAnswer = Hello | Answer | FailedAnswer | Bye

_ANSWER: Final[TypeAdapter[AnyAnswer]] = TypeAdapter(Annotated[AnyAnswer, Discriminator("type")])


def hello_request() -> str:
    """Return the first request to a driver."""
    return canonical_json({"type": "hello", "protocol": PROTOCOL})


def play_request(seq: int, file: ScenarioFile, seed: int | None, schedule: Schedule | None) -> str:
    """Return a request for the trace of one scenario."""
    scenario = {"name": file.name, **file.scenario.canonical()}
    order = {"seed": seed, "schedule": schedule}
    return canonical_json({"type": "play", "seq": seq, **order, "scenario": scenario})


def interop_request(seq: int, kind: str, fields: Mapping[str, object]) -> str:
    """Return a request that only drivers with the capability ``interop`` support."""
    return canonical_json({"type": kind, "seq": seq, **fields})


def bye_request() -> str:
    """Return the last request to a driver."""
    return canonical_json({"type": "bye"})


def parse_answer(line: bytes) -> AnyAnswer:
    """Parse one line of a driver.

    Raises:
        GarbageError: It isn't an answer of this protocol.
    """
    try:
        return _ANSWER.validate_python(frozen(parse_json(line.decode("utf-8"))))
    except UnicodeDecodeError as error:
        raise GarbageError(f"not UTF-8, from byte {error.start} on: {quoted_line(line)}") from None
    except ValidationError as error:
        raise GarbageError(f"no answer ({first_of(error)}): {quoted_line(line)}") from None
    except ValueError as error:
        raise GarbageError(f"{error}: {quoted_line(line)}") from None


def first_of(error: ValidationError) -> str:
    """Return the place and the message of the first validation error."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return prose(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
