"""What a gRPC client makes of each listener that is no controller."""

from __future__ import annotations

import socket

import grpc
import pytest

from parity.interop.listeners import LISTENERS, listening


@pytest.mark.parametrize(
    ("word", "code", "seconds"),
    [
        (b"{silent}", grpc.StatusCode.DEADLINE_EXCEEDED, 0.05),
        (b"{hangs up}", grpc.StatusCode.UNAVAILABLE, 10),
        (b"{breaks off}", grpc.StatusCode.UNAVAILABLE, 10),
        (b"{cancels}", grpc.StatusCode.CANCELLED, 10),
    ],
)
def test_a_call_ends_as_the_listener_is_called(word, code, seconds):
    with (
        listening(LISTENERS[word]) as address,
        grpc.insecure_channel(address.decode()) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        channel.unary_unary("/Controller/StopTraining")(b"", timeout=seconds)
    assert caught.value.code() == code


def test_nobody_listens_afterwards():
    with listening(LISTENERS[b"{silent}"]) as address:
        host, port = address.decode().split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)
