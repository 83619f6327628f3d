"""Clients of the controller of a run, found by its model directory.

TensorFlow is imported only if it is needed, for a model directory that isn't local or
an error that must be TensorFlow's, so that an operator's tool starts without it.
"""

from __future__ import annotations

import grpc

from monolith_hooks.server import service_pb2_grpc
from monolith_hooks.server.address_file import (
    read_server_addr,
    read_with_tensorflow,
    server_addr_path,
)
from monolith_hooks.server.channels import ClientAccess, open_channel


def get_stub_from_model_dir(
    model_dir: str, *, access: ClientAccess | None = None
) -> service_pb2_grpc.ControllerStub:
    """Return a client of the controller whose address is in the model directory (B38).

    Nothing is connected yet: with an address that is empty, malformed or stale the
    first call fails, and a call without a deadline hangs on a server that accepts
    connections and never answers. The environment's proxies aren't used.

    Raises:
        tf.errors.NotFoundError: There is no address file; the message names it.
        UnicodeDecodeError: The file isn't UTF-8.
        AccessError: A file of ``access`` can't be used.
    """
    channel = get_channel_from_model_dir(model_dir, access=access)
    return service_pb2_grpc.ControllerStub(channel)  # type: ignore[no-untyped-call]  # generated


def get_channel_from_model_dir(
    model_dir: str, *, access: ClientAccess | None = None
) -> grpc.Channel:
    """Return a channel to the controller whose address is in the model directory.

    It is for calls that the generated client doesn't have; close it when done.

    Raises:
        tf.errors.NotFoundError: There is no address file; the message names it.
        UnicodeDecodeError: The file isn't UTF-8.
        AccessError: A file of ``access`` can't be used.
    """
    try:
        addr = read_server_addr(model_dir)
    except OSError:
        # Upstream reads through TensorFlow, so the error must be TensorFlow's.
        addr = read_with_tensorflow(server_addr_path(model_dir))
    return open_channel(addr, access)
