"""The driver protocol: requests, and answers checked as they come in.

The protocol is described in docs/driver-protocol.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, TypeAdapter, ValidationError

from parity.interop.peer import Called, Decoded, Encoded, Looked
from parity.loading import ScenarioFile
from parity.model import Model, canonical_json, frozen
from parity.schedules import Choice, Schedule

PROTOCOL: Final = 1


class GarbageError(Exception):
    """What a driver printed is no answer; the message shows it."""


class Hello(Model):
    """Who the driver is."""

    type: Literal["hello"]
    protocol: int
    implementation: str
    language: str
    version: str
    source_digest: str | None = None
    capabilities: tuple[str, ...] = ()
    order: Literal["total", "lanes"] = "total"
    """Whether it schedules lanes as docs/virtual-time.md says, or by rules of its own."""


class TraceAnswer(Model):
    """The trace of the scenario, as JSON that is still to be checked."""

    type: Literal["trace"]
    seq: int
    events: Any
    struck: Any
    choices: tuple[Choice, ...] = ()


class SkippedAnswer(Model):
    """The driver lacks something that the scenario needs."""

    type: Literal["skipped"]
    seq: int
    reason: str


class FailedAnswer(Model):
    """The driver couldn't play the scenario."""

    type: Literal["failed"]
    seq: int
    message: str
    choices: tuple[Choice, ...] = ()


class ServingAnswer(Model):
    """A controller is served, and its address published."""

    type: Literal["serving"]
    seq: int


class ArrivedAnswer(Model):
    """The workers are blocked."""

    type: Literal["arrived"]
    seq: int


class StoppedAnswer(Model):
    """The controller is served no longer."""

    type: Literal["stopped"]
    seq: int


class CalledAnswer(Called):
    """What came of a call."""

    type: Literal["called"]
    seq: int


class EncodedAnswer(Encoded):
    """A message's bytes."""

    type: Literal["encoded"]
    seq: int


class DecodedAnswer(Decoded):
    """What was read of a message's bytes."""

    type: Literal["decoded"]
    seq: int


class LookedAnswer(Looked):
    """What was seen."""

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
"""What answers a request that has a seq, unless it failed."""
AnyAnswer = Hello | Answer | FailedAnswer | Bye

_ANSWER: Final[TypeAdapter[AnyAnswer]] = TypeAdapter(Annotated[AnyAnswer, Discriminator("type")])


def hello_request() -> str:
    """The first line to a driver."""
    return canonical_json({"type": "hello", "protocol": PROTOCOL})


def play_request(seq: int, file: ScenarioFile, seed: int | None, schedule: Schedule | None) -> str:
    """Asks for the trace of one scenario."""
    scenario = {"name": file.name, **file.scenario.canonical()}
    order = {"seed": seed, "schedule": schedule}
    return canonical_json({"type": "play", "seq": seq, **order, "scenario": scenario})


def interop_request(seq: int, kind: str, fields: Mapping[str, object]) -> str:
    """Asks for something that only drivers with the capability ``interop`` can do."""
    return canonical_json({"type": kind, "seq": seq, **fields})


def bye_request() -> str:
    """The last line to a driver."""
    return canonical_json({"type": "bye"})


def parse_answer(line: str) -> AnyAnswer:
    """Read one line.

    Raises:
      GarbageError: it is no answer of this protocol.
    """
    try:
        return _ANSWER.validate_python(frozen(json.loads(line)))
    except json.JSONDecodeError as error:
        raise GarbageError(f"not JSON ({error.msg}): {_shown(line)}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise GarbageError(f"no answer ({where}: {first['msg']}): {_shown(line)}") from None


def _shown(line: str) -> str:
    line = line.rstrip("\n")
    return repr(line if len(line) <= 200 else line[:200] + "...")
