"""The file in which a run's controller publishes its address, and how it is read."""

from __future__ import annotations

import os

from monolith_hooks.server import constants


def server_addr_path(model_dir: str) -> str:
    """Return the path of a model directory's address file."""
    return os.path.join(model_dir, constants.SERVER_ADDR_FILENAME)


def read_server_addr(model_dir: str) -> str:
    """Return the content of the address file, without the end of its line.

    TensorFlow reads it if the model directory isn't a local path: ``gs://...``,
    ``hdfs://...``.

    Raises:
        OSError: A local file can't be read, or doesn't exist.
        tf.errors.OpError: A file that TensorFlow reads can't be read, or doesn't exist.
        UnicodeDecodeError: The file isn't UTF-8.
    """
    path = server_addr_path(model_dir)
    if "://" in path:
        return read_with_tensorflow(path)
    with open(path, encoding="utf-8", newline="") as file:
        return _without_line_end(file.read())


def read_with_tensorflow(path: str) -> str:
    """Read the address file through TensorFlow.

    TensorFlow supports more file systems, and its errors are the ones of upstream.

    Raises:
        tf.errors.OpError: The file can't be read, or doesn't exist.
        UnicodeDecodeError: The file isn't UTF-8.
    """
    import tensorflow as tf  # noqa: PLC0415 - takes seconds

    with tf.io.gfile.GFile(path) as file:
        return _without_line_end(file.read())


def _without_line_end(text: str) -> str:
    """Remove the line end that an editor or echo adds; gRPC reports any other error."""
    return text.rstrip("\r\n")
