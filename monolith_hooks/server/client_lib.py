"""How an operator's tool finds the controller of a run.

TensorFlow is imported only where something of it is needed: a model directory that
isn't a local one, or an error that has to be TensorFlow's. A tool starts without it.
"""

from __future__ import annotations

import grpc

from monolith_hooks.server import service_pb2_grpc
from monolith_hooks.server.address_file import (
    read_server_addr,
    read_with_tensorflow,
    server_addr_path,
)
from monolith_hooks.server.channels import open_channel


def get_stub_from_model_dir(model_dir: str) -> service_pb2_grpc.ControllerStub:
    """A client of the controller whose address is in the model directory (B38).

    Nothing is connected yet: an address that is empty, malformed or stale makes
    the first call fail, and a call without a deadline hangs on a server that
    accepts connections and never answers. No proxy of the environment comes between.

    Raises:
        tf.errors.NotFoundError: There is no address file; the message names it.
        UnicodeDecodeError: The file isn't UTF-8.
    """
    channel = get_channel_from_model_dir(model_dir)
    return service_pb2_grpc.ControllerStub(channel)  # type: ignore[no-untyped-call]  # generated


def get_channel_from_model_dir(model_dir: str) -> grpc.Channel:
    """The channel under the stub of ``get_stub_from_model_dir``, which raises the same.

    For calls that the generated client doesn't know; close it when done.
    """
    try:
        addr = read_server_addr(model_dir)
    except OSError:
        # Upstream reads through TensorFlow, so what is wrong must be TensorFlow's to say.
        addr = read_with_tensorflow(server_addr_path(model_dir))
    return open_channel(addr)
