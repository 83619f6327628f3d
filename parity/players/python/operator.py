"""The operator of a run, which calls the controller through client_lib, over real gRPC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import grpc
import tensorflow as tf

from fakes.errors import error_name
from monolith_hooks.server import client_lib, service_pb2, service_pb2_grpc
from monolith_hooks.server.channels import open_channel
from parity.kit.recorder import EventSink
from parity.kit.unplayable import Unplayable
from parity.players.python.address_file import AddressFile
from parity.spec.steps import RpcStep
from parity.spec.trace import ClientErrorEvent, RpcEvent, RpcResponse

_TEXT_OF_THE_LIBRARY: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")
_HANDLER_RAISED: Final = "Exception calling application"


class CallClock(Protocol):
    """Clock by which a client waits for its answer."""

    def hand_over(
        self, send: Callable[[], Any], *, deadline: float | None = None, answered: bool = True
    ) -> Any:
        """Send a request, and return its answer, or None after the deadline in seconds."""


class ScriptedOperator:
    """Operator that makes the scenario's calls on the current lane, and records their results."""

    def __init__(self, clock: CallClock, recorder: EventSink, address_file: AddressFile) -> None:
        self._clock = clock
        self._recorder = recorder
        self._address_file = address_file

    def call(self, step: RpcStep, place: str) -> None:
        """Find the controller, call it, and record the result.

        Args:
            step: The server to call, the method, and the deadline.
            place: The place of the call in the scenario.

        Raises:
            Unplayable: The call would never end, or there is no such server.
        """
        try:
            addr, stub = self._find(step)
        except (tf.errors.OpError, UnicodeDecodeError) as error:
            self._recorder.record(
                ClientErrorEvent, call=place, method=step.rpc, error=error_name(error)
            )
            return
        silent = self._address_file.never_answers(addr)
        if silent and step.deadline is None:
            raise Unplayable("a call to {silent} hangs without a deadline")
        answer = self._send(step, stub, answered=not silent)
        # A stopped server still listens for some microseconds of real time, and cancels calls
        # that arrive then. In virtual time it is down at once, so the call is repeated.
        while answer is not None and answer.code() is grpc.StatusCode.CANCELLED:
            answer = self._send(step, stub, answered=True)
        result = _GAVE_UP if answer is None else _result(answer)
        self._recorder.record(RpcEvent, call=place, method=step.rpc, **result)

    def _send(self, step: RpcStep, stub: object, *, answered: bool) -> Any:
        request = getattr(service_pb2, f"{step.rpc}Request")()
        return self._clock.hand_over(
            lambda: getattr(stub, step.rpc).future(request),
            deadline=None if step.deadline is None else step.deadline / 1000,
            answered=answered,
        )

    def _find(self, step: RpcStep) -> tuple[str, service_pb2_grpc.ControllerStub]:
        if step.server is None:
            stub = client_lib.get_stub_from_model_dir(str(self._address_file.folder))
            return self._address_file.text(), stub
        published = self._address_file.published
        if step.server > len(published):
            raise Unplayable(
                f"there is no server {step.server}; {len(published)} have published an address"
            )
        addr = published[step.server - 1]
        channel = open_channel(addr)
        return addr, service_pb2_grpc.ControllerStub(channel)  # type: ignore[no-untyped-call]


_GAVE_UP: Final[dict[str, Any]] = {
    "code": "DEADLINE_EXCEEDED", "details": None, "response": None
}  # fmt: skip


def _result(answer: Any) -> dict[str, Any]:
    """Return the fields of an rpc event."""
    error = answer.exception()
    if error is not None and not isinstance(error, grpc.RpcError):
        raise error
    code, details = answer.code().name, answer.details()
    if error is None or code in _TEXT_OF_THE_LIBRARY or not _ours(code, details):
        details = None
    return {
        "code": code,
        "details": details,
        "response": _fields(answer.result()) if error is None else None,
    }


def _ours(code: str, details: str) -> bool:
    """Return False for an UNKNOWN of the client library, not of a handler that raised."""
    return code != "UNKNOWN" or details.startswith(_HANDLER_RAISED)


def _fields(message: Any) -> RpcResponse:
    """Return every field of the message, including those with default values."""
    values: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        values[field.name] = value if isinstance(value, int) else tuple(value)
    return RpcResponse(**values)
