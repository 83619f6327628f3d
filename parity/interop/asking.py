"""Calls of interop that this process makes itself, to say what no client of a peer's can."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, cast

import grpc

from monolith_hooks.server.channels import open_channel
from parity.interop.peers.peer import PeerError
from parity.interop.report import unequal
from parity.spec.interop import Called
from parity.spec.rpcs import StatusCode

_HEADER: Final = "grpc-timeout"
STOP: Final = "/Controller/StopTraining"
_PATIENCE_SECONDS: Final = 10


def ask_to_stop(address: str, then: Callable[[], None]) -> Called:
    """Return the answer to a StopTraining; ``then`` is called once it has placed the barrier.

    Raises:
        PeerError: The barrier isn't placed in time, or the call isn't under way any more.
    """
    with open_channel(address) as channel:
        stop: Any = channel.unary_unary(STOP)
        status: Any = channel.unary_unary("/Controller/GetBlockStatus")
        before = status(b"", timeout=_PATIENCE_SECONDS)
        call = stop.future(b"", timeout=_PATIENCE_SECONDS)
        gives_up = time.monotonic() + _PATIENCE_SECONDS
        while status(b"", timeout=_PATIENCE_SECONDS) == before:
            if time.monotonic() > gives_up:
                raise PeerError(f"the barrier isn't placed within {_PATIENCE_SECONDS} s")
        if call.done():
            raise PeerError("StopTraining was answered before its callback was over")
        then()
        return _answered(call)


def ask_beside(address: str) -> list[str]:
    """Return what is wrong with a GetTrainingStatus sent right after a StopTraining.

    Both on one connection, so that they arrive in this order.
    """
    with open_channel(address) as channel:
        stop: Any = channel.unary_unary(STOP)
        status: Any = channel.unary_unary("/Controller/GetTrainingStatus")
        status(b"", timeout=_PATIENCE_SECONDS)  # A handler's thread is idle after it.
        stopping = stop.future(b"", timeout=_PATIENCE_SECONDS)
        answered = _answered(status.future(b"", timeout=_PATIENCE_SECONDS))
        was_first = not stopping.done()
        stopped = _answered(stopping)
    return [
        *unequal("GetTrainingStatus: code", "OK", answered.code),
        *unequal("StopTraining: code", "OK", stopped.code),
        *unequal("GetTrainingStatus answered first", True, was_first),
    ]


def ask_patiently(address: str, method: str, timeout: str) -> Called:
    """Return the server's answer to an empty request with this timeout in its header."""
    with open_channel(address) as channel:
        send: Any = channel.unary_unary(method)
        # With a deadline of the call, gRPC would send that one.
        return _answered(send.future(b"", metadata=[(_HEADER, timeout)]))


def _answered(call: Any) -> Called:
    try:
        response = call.result(_PATIENCE_SECONDS)
    except grpc.FutureTimeoutError:
        return Called(details=f"no answer within {_PATIENCE_SECONDS} s")
    except grpc.RpcError as error:
        return Called(code=cast(StatusCode, error.code().name), details=error.details())
    return Called(code="OK", response_hex=response.hex())
