"""The operator of a play: calls the controller through client_lib, over real gRPC."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import grpc

from fakes.virtual_clock import VirtualClock
from monolith_hooks.server import client_lib, service_pb2
from parity.players.recorder import Recorder
from parity.rpcs import Method
from parity.trace import RpcEvent, RpcResponse

_TEXT_OF_THE_LIBRARY: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")


class Operator:
    """Makes calls on the lane that asks for them, and takes down their results."""

    def __init__(self, clock: VirtualClock, recorder: Recorder, model_dir: Path) -> None:
        self._clock = clock
        self._recorder = recorder
        self._model_dir = model_dir

    def call(self, method: Method) -> None:
        """Find the controller anew, call it, and wait for the result."""
        stub = client_lib.get_stub_from_model_dir(str(self._model_dir))
        request = getattr(service_pb2, f"{method}Request")()
        answer = self._clock.hand_over(lambda: getattr(stub, method).future(request))
        error = answer.exception()
        if error is not None and not isinstance(error, grpc.RpcError):
            raise error
        code = answer.code().name
        keeps_details = code != "OK" and code not in _TEXT_OF_THE_LIBRARY
        self._recorder.record(
            RpcEvent,
            method=method,
            code=code,
            details=answer.details() if keeps_details else None,
            response=_fields(answer.result()) if error is None else None,
        )


def _fields(message: Any) -> RpcResponse:
    """Every field of the message, also those at their default."""
    values: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        values[field.name] = value if isinstance(value, int) else tuple(value)
    return RpcResponse(**values)
