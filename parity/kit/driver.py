"""The loop of a driver: one answer to each request."""

from __future__ import annotations

import os
import sys
import traceback
from typing import BinaryIO

from pydantic import ValidationError

from fakes.virtual_clock import VirtualClock
from parity.base.model import first_error
from parity.base.problems import UsageError
from parity.kit.player import choices_of, play, refusal_of
from parity.kit.port import Identity, Port
from parity.kit.unplayable import Unplayable
from parity.spec.capabilities import SEED, lacking
from parity.spec.protocol import (
    PROTOCOL,
    AnyAnswer,
    Bye,
    ByeRequest,
    FailedAnswer,
    GarbageError,
    Hello,
    HelloRequest,
    PlayRequest,
    Request,
    SkippedAnswer,
    TraceAnswer,
    answer_line,
    parse_request,
    scenario_of,
)
from parity.spec.scenario import Scenario
from parity.spec.schedules import Choice
from parity.spec.trace import event_to_json


def main(port: Port) -> None:
    """Serve the host on this process's stdin and stdout, until it says bye or closes stdin.

    stdout belongs to the protocol alone: whatever the port or a library of its prints goes to
    stderr.
    """
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        try:
            serve(port, sys.stdin.buffer, answers)
        except GarbageError as error:
            sys.exit(f"no request of the driver protocol: {error}")
        except UsageError as error:
            sys.exit(str(error))


def serve(port: Port, requests: BinaryIO, answers: BinaryIO) -> None:
    """Serve a host on these streams, as ``main`` does.

    Raises:
        GarbageError: A line is no request, or one of another protocol.
        UsageError: The port's identity has a word that doesn't exist.
    """
    for line in requests:
        answer = _answer(port, parse_request(line))
        answers.write(answer_line(answer).encode() + b"\n")
        answers.flush()
        if isinstance(answer, Bye):
            return


def _answer(port: Port, request: Request | FailedAnswer) -> AnyAnswer:
    match request:
        case HelloRequest():
            return _hello(port, request.protocol)
        case PlayRequest():
            return _played(port, request)
        case ByeRequest():
            return Bye(type="bye")
        case FailedAnswer():
            return request
        case _:
            return port.interop(request)


def _hello(port: Port, protocol: int) -> Hello:
    if protocol != PROTOCOL:
        raise GarbageError(f"the host speaks protocol {protocol}, this driver {PROTOCOL}")
    try:
        return _introduced(port.identity())
    except ValidationError as error:
        raise UsageError(f"identity: {first_error(error)}") from None


def _introduced(identity: Identity) -> Hello:
    return Hello(
        type="hello",
        protocol=PROTOCOL,
        implementation=identity.implementation,
        language="python",
        version=identity.version,
        source_digest=identity.source_digest,
        capabilities=tuple(dict.fromkeys((*identity.capabilities, SEED))),
        channels=None if identity.channels is None else tuple(identity.channels),
        needs=None if identity.needs is None else tuple(identity.needs),
    )


def _played(port: Port, request: PlayRequest) -> TraceAnswer | SkippedAnswer | FailedAnswer:
    clock: VirtualClock | None = None
    try:
        scenario, clock = _set_up(request)
        missing = lacking(scenario, {*port.identity().capabilities, SEED}, ordered=False)
        if missing:
            raise Unplayable.lacks(missing[0])
        trace = play(port, scenario, clock)
    except (Exception, Unplayable) as error:  # noqa: BLE001 - the next scenario may do
        return _not_played(request.seq, error, () if clock is None else choices_of(clock))
    return TraceAnswer(
        type="trace",
        seq=request.seq,
        events=[event_to_json(event) for event in trace.events],
        struck=trace.struck,
        choices=choices_of(clock),
    )


def _set_up(request: PlayRequest) -> tuple[Scenario, VirtualClock]:
    try:
        scenario = scenario_of(request)
        return scenario, VirtualClock(seed=request.seed, schedule=request.schedule)
    except ValueError as error:
        raise Unplayable(str(error)) from None


def _not_played(
    seq: int, error: BaseException, choices: tuple[Choice, ...]
) -> SkippedAnswer | FailedAnswer:
    message = str(error)
    reason, step = refusal_of(error)
    if isinstance(error, Unplayable):
        if error.is_lacking:
            return SkippedAnswer(type="skipped", seq=seq, reason=message)
    elif reason == "unplayable":  # A mistake of the port's own, which its author looks for.
        traceback.print_exception(error)
        message = f"{type(error).__name__}: {error}"
    return FailedAnswer(
        type="failed", seq=seq, message=message, reason=reason, step=step, choices=choices
    )
