"""The operator of a play: calls the controller through client_lib, over real gRPC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import grpc
import tensorflow as tf

from fakes.faults import error_name
from monolith_hooks.server import client_lib, service_pb2, service_pb2_grpc
from monolith_hooks.server.channels import open_channel
from parity.players.outcome import UnplayableError
from parity.players.python.address_file import AddressFile
from parity.players.python.recorder import Records
from parity.spec.steps import RpcStep
from parity.spec.trace import ClientErrorEvent, RpcEvent, RpcResponse

_TEXT_OF_THE_LIBRARY: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")
_HANDLER_RAISED: Final = "Exception calling application"


class Caller(Protocol):
    """A clock by which a client waits for its answer."""

    def hand_over(
        self, send: Callable[[], Any], *, deadline: float | None = None, answered: bool = True
    ) -> Any:
        """Send a request and wait; None once the deadline, in seconds, has passed."""


class Operator:
    """Makes calls on the lane that asks for them, and takes down their results."""

    def __init__(self, clock: Caller, recorder: Records, address_file: AddressFile) -> None:
        self._clock = clock
        self._recorder = recorder
        self._address_file = address_file

    def call(self, step: RpcStep, place: str) -> None:
        """Find the controller anew, call it, and wait for the result.

        Args:
          step: whom to call, and until when to wait.
          place: where the scenario makes the call.

        Raises:
          UnplayableError: it would wait for ever, or there is no such server.
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
            raise UnplayableError("a call to {silent} hangs without a deadline")
        answer = self._send(step, stub, answered=not silent)
        # A server that was stopped listens on for some microseconds of real time, and cancels
        # what reaches it then. In virtual time it's down at once, so the call is made again.
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
            raise UnplayableError(
                f"there is no server {step.server}; {len(published)} have published an address"
            )
        addr = published[step.server - 1]
        channel = open_channel(addr)
        return addr, service_pb2_grpc.ControllerStub(channel)  # type: ignore[no-untyped-call]


_GAVE_UP: Final[dict[str, Any]] = {
    "code": "DEADLINE_EXCEEDED", "details": None, "response": None
}  # fmt: skip


def _result(answer: Any) -> dict[str, Any]:
    """The fields of an rpc event."""
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
    """An UNKNOWN is the server's if a handler raised, else the client library's."""
    return code != "UNKNOWN" or details.startswith(_HANDLER_RAISED)


def _fields(message: Any) -> RpcResponse:
    """Every field of the message, also those at their default."""
    values: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        values[field.name] = value if isinstance(value, int) else tuple(value)
    return RpcResponse(**values)
