"""A caller that tells the server how long it waits, and waits on."""

from __future__ import annotations

from typing import Any, Final

import grpc

from monolith_hooks.server.channels import open_channel
from parity.interop.peer import Called

_HEADER: Final = "grpc-timeout"
_PATIENCE_SECONDS: Final = 10


def ask_patiently(address: str, method: str, timeout: str) -> Called:
    """What the server makes of an empty request with this timeout in its header."""
    with open_channel(address) as channel:
        send: Any = channel.unary_unary(method)
        # With a deadline of its own gRPC would send that one.
        call = send.future(b"", metadata=[(_HEADER, timeout)])
        try:
            response = call.result(_PATIENCE_SECONDS)
        except grpc.FutureTimeoutError:
            return Called(details=f"no answer within {_PATIENCE_SECONDS} s")
        except grpc.RpcError as error:
            return Called(code=error.code().name, details=error.details())
    return Called(code="OK", response_hex=response.hex())
