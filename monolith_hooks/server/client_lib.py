"""How an operator's tool finds the controller of a run."""

from __future__ import annotations

import os

import grpc
import tensorflow as tf

from monolith_hooks.server import constants, service_pb2_grpc


def get_stub_from_model_dir(model_dir: str) -> service_pb2_grpc.ControllerStub:
    """A client of the controller whose address is in the model directory (B38).

    Nothing is connected yet: an address that is empty, malformed or stale makes
    the first call fail, and a call without a deadline hangs on a server that
    accepts connections and never answers.

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
    path = os.path.join(model_dir, constants.SERVER_ADDR_FILENAME)
    with tf.io.gfile.GFile(path) as file:
        # An editor or echo ends the line. What else is wrong is for gRPC to say.
        addr = file.read().rstrip("\r\n")
    return grpc.insecure_channel(addr)
