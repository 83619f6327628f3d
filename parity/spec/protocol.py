"""The driver protocol: requests, and validated answers.

docs/driver-protocol.md describes the protocol.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import AfterValidator, Discriminator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from parity.base.model import (
    DescribedAs,
    FailFastTuple,
    Model,
    canonical_json,
    first_error,
    frozen,
)
from parity.base.strict_json import parse_json
from parity.base.terminal_text import printable
from parity.base.validation_words import said
from parity.spec.capabilities import check_capability
from parity.spec.faults import Need
from parity.spec.integers import Index, Unsigned
from parity.spec.interop import (
    Called,
    Decoded,
    Encoded,
    Fields,
    InteropClientAccess,
    InteropServer,
    Look,
    Looked,
)
from parity.spec.loading import ScenarioFile
from parity.spec.names import ScenarioName
from parity.spec.references import bad_references
from parity.spec.scenario import Scenario
from parity.spec.schedules import Choice, Schedule
from parity.spec.trace import Channel, Event

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


def _each_once(channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
    """Refuse channels that leave nothing to compare, or are named twice."""
    if not channels:
        raise PydanticCustomError("none", "expected at least one; null, or no such key, is all")
    if len(set(channels)) < len(channels):
        raise PydanticCustomError("twice", "expected each once, got one of them again")
    return channels


class NamedScenario(Scenario):
    """Canonical JSON of a scenario, with its name."""

    name: ScenarioName


class HelloRequest(Model):
    """Ask the driver to introduce itself."""

    type: Literal["hello"] = "hello"
    protocol: Unsigned


class PlayRequest(Model):
    """Ask for the trace of one scenario, in the order of a seed or of a schedule."""

    type: Literal["play"] = "play"
    seq: Unsigned
    seed: Unsigned | None
    schedule: Schedule | None
    scenario: Annotated[dict[str, Any], DescribedAs(NamedScenario)]


class ServeRequest(InteropServer):
    """Ask for a controller, and that its address be published in ``model_dir``."""

    type: Literal["serve"] = "serve"
    seq: Unsigned
    model_dir: str


class ArriveRequest(Model):
    """Ask that these workers be blocked at the barrier."""

    type: Literal["arrive"] = "arrive"
    seq: Unsigned
    workers: tuple[int, ...]


class StopServingRequest(Model):
    """Ask that the session be closed, and the controller with it."""

    type: Literal["stop_serving"] = "stop_serving"
    seq: Unsigned


class CallRequest(Model):
    """Ask for one call of a controller; without ``request_hex`` the request is empty."""

    type: Literal["call"] = "call"
    seq: Unsigned
    model_dir: str
    method: str
    request_hex: str | None
    deadline_ms: Unsigned
    access: InteropClientAccess | None = None


class EncodeRequest(Model):
    """Ask for the bytes of a message."""

    type: Literal["encode"] = "encode"
    seq: Unsigned
    message: str
    fields: Fields


class DecodeRequest(Model):
    """Ask for the fields of a message."""

    type: Literal["decode"] = "decode"
    seq: Unsigned
    message: str
    hex: str


class LookRequest(Look):
    """Ask what the port sees."""

    type: Literal["look"] = "look"
    seq: Unsigned


class ByeRequest(Model):
    """Ask the driver to exit."""

    type: Literal["bye"] = "bye"


InteropRequest = (
    ServeRequest
    | ArriveRequest
    | StopServingRequest
    | CallRequest
    | EncodeRequest
    | DecodeRequest
    | LookRequest
)
"""What only drivers with the capability ``interop`` can do."""
Request = HelloRequest | PlayRequest | InteropRequest | ByeRequest

Prose = Annotated[str, AfterValidator(prose)]
Reason = Annotated[str, AfterValidator(_a_reason), AfterValidator(prose)]


Capability = Annotated[str, AfterValidator(check_capability)]
HelloOrder = Literal["total", "lanes"]


class Hello(Model):
    """The driver's identity and capabilities."""

    type: Literal["hello"]
    protocol: Unsigned
    implementation: str
    language: str
    version: str
    source_digest: str | None = None
    capabilities: tuple[Capability, ...] = ()
    """What it has, in the words of ``parity.spec.capabilities``. If these name kinds of hooks,
    faults and steps, it is given only the scenarios that need no others."""
    order: HelloOrder = "total"
    """``total`` if it schedules lanes as docs/virtual-time.md says, else ``lanes``."""
    channels: Annotated[tuple[Channel, ...], AfterValidator(_each_once)] | None = None
    """The channels that its traces have events for; ``null``: all of them."""
    needs: tuple[Need, ...] | None = None
    """The needs of a scenario that it meets; ``null``: ``injection``, ``exact_time`` and
    ``exact_memory``."""


class TraceAnswer(Model):
    """The trace of the scenario, as JSON that isn't validated yet."""

    type: Literal["trace"]
    seq: Unsigned
    events: Annotated[Any, DescribedAs(tuple[Event, ...])]
    struck: Annotated[Any, AfterValidator(_flags), DescribedAs(dict[str, bool])]
    choices: FailFastTuple[Choice] = ()


class SkippedAnswer(Model):
    """The driver lacks something that the scenario needs."""

    type: Literal["skipped"]
    seq: Unsigned
    reason: Reason


RefusalReason = Literal["deadlock", "stalled", "schedule", "unplayable"]
"""Reason why a working driver couldn't finish a scenario: no lane can ever run, a lane kept the
turn for too long, the schedule takes a candidate that doesn't exist, or a step can't be done."""


class FailedAnswer(Model):
    """The driver couldn't play the scenario.

    ``step`` is the index of the step that can't be done, if the scenario is unplayable.
    """

    type: Literal["failed"]
    seq: Unsigned
    message: Prose
    reason: RefusalReason = "unplayable"
    step: Index | None = None
    choices: FailFastTuple[Choice] = ()


class ServingAnswer(Model):
    """A controller is served, and its address published."""

    type: Literal["serving"]
    seq: Unsigned


class ArrivedAnswer(Model):
    """The workers are blocked."""

    type: Literal["arrived"]
    seq: Unsigned


class StoppedAnswer(Model):
    """The controller is no longer served."""

    type: Literal["stopped"]
    seq: Unsigned


class CalledAnswer(Called):
    """The result of a call."""

    type: Literal["called"]
    seq: Unsigned


class EncodedAnswer(Encoded):
    """A message's bytes."""

    type: Literal["encoded"]
    seq: Unsigned


class DecodedAnswer(Decoded):
    """The fields and text of a decoded message."""

    type: Literal["decoded"]
    seq: Unsigned


class LookedAnswer(Looked):
    """The port's observations."""

    type: Literal["looked"]
    seq: Unsigned


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

_SCHEMA_OF_TYPE: Final[dict[int | str, str]] = {
    get_args(each.model_fields["type"].annotation)[0]: each.__name__ for each in get_args(AnyAnswer)
}
_SCHEMA_OF_KIND: Final[dict[int | str, str]] = {
    each.model_fields["kind"].default: each.__name__ for each in get_args(get_args(Event)[0])
}
_ANSWER: Final[TypeAdapter[AnyAnswer]] = TypeAdapter(Annotated[AnyAnswer, Discriminator("type")])
_REQUEST: Final[TypeAdapter[Request]] = TypeAdapter(Annotated[Request, Discriminator("type")])


def request_line(request: Request) -> str:
    """Return the line of a request."""
    return canonical_json(request.model_dump(mode="json"))


def hello_request() -> str:
    """Return the first request to a driver."""
    return request_line(HelloRequest(protocol=PROTOCOL))


def play_request(seq: int, file: ScenarioFile, seed: int | None, schedule: Schedule | None) -> str:
    """Return a request for the trace of one scenario."""
    scenario = {"name": file.name, **file.scenario.canonical()}
    return request_line(PlayRequest(seq=seq, seed=seed, schedule=schedule, scenario=scenario))


def bye_request() -> str:
    """Return the last request to a driver."""
    return request_line(ByeRequest())


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


def answer_line(answer: AnyAnswer) -> str:
    """Return the line of an answer."""
    return canonical_json(answer.model_dump(mode="json"))


def parse_request(line: bytes) -> Request | FailedAnswer:
    """Parse one line of the host; one that is wrong but has a number gets this answer.

    Raises:
        GarbageError: It isn't a request of this protocol.
    """
    try:
        document = parse_json(line.decode("utf-8"))
    except ValueError as error:
        raise GarbageError(f"{error}: {quoted_line(line)}") from None
    try:
        return _REQUEST.validate_python(frozen(document))
    except ValidationError as error:
        seq = document.get("seq") if isinstance(document, dict) else None
        if type(seq) is int and seq >= 0:
            return FailedAnswer(type="failed", seq=seq, message=first_error(error))
        raise GarbageError(f"{first_error(error)}: {quoted_line(line)}") from None


def scenario_of(request: PlayRequest) -> Scenario:
    """Return the scenario that a driver is asked to play.

    Raises:
        ValueError: It isn't one; the message has the place and what is wrong there.
    """
    try:
        scenario = NamedScenario.model_validate(frozen(request.scenario), context="canonical")
    except ValidationError as error:
        raise ValueError(first_error(error)) from None
    for loc, message in bad_references(scenario):
        raise ValueError(f"{'.'.join(map(str, loc))}: {message}")
    return scenario


def first_of(error: ValidationError) -> str:
    """Return the place of the first validation error, and what is wrong there."""
    first = error.errors(include_url=False)[0]
    loc = first["loc"]
    place = _place(loc)
    page = "docs/trace-format.md" if place.startswith("events") else "docs/driver-protocol.md"
    text = f"{place}: {said(first, page)}" if place else said(first, page)
    return prose(f"{text}; {_schema(loc)}")


def _place(loc: tuple[int | str, ...]) -> str:
    """Return a place such as ``events[3].ms``, without the kinds that pydantic adds to it."""
    text = ""
    for i, part in enumerate(loc):
        if isinstance(part, int):
            text += f"[{part}]"
        elif not (i == 0 and part in _SCHEMA_OF_TYPE) and not (
            part in _SCHEMA_OF_KIND and _is_tag(loc, i)
        ):
            text += f".{part}"
    return text.removeprefix(".")


def _schema(loc: tuple[int | str, ...]) -> str:
    """Return where the JSON Schema says what is expected at this place."""
    of_event = [_SCHEMA_OF_KIND[part] for part in loc if part in _SCHEMA_OF_KIND]
    if loc[:1] == ("events",):
        return "/$defs/".join(["schemas/trace.json#", *of_event[:1]])
    of_answer = [_SCHEMA_OF_TYPE[part] for part in loc[:1] if part in _SCHEMA_OF_TYPE]
    return "/$defs/".join(["schemas/driver-protocol.json#", *of_answer])


def _is_tag(loc: tuple[int | str, ...], i: int) -> bool:
    return i >= 1 and isinstance(loc[i - 1], int) and loc[0] == "events"
