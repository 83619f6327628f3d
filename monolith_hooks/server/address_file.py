"""Reading the file in which a run's controller publishes its address."""

from __future__ import annotations

import os

from monolith_hooks.server import constants


def server_addr_path(model_dir: str) -> str:
    """Where the address file of a model directory is."""
    return os.path.join(model_dir, constants.SERVER_ADDR_FILENAME)


def read_server_addr(model_dir: str) -> str:
    """What the address file holds, without the end of its line.

    TensorFlow reads it where the model directory is no local path: ``gs://...``,
    ``hdfs://...``.

    Raises:
        OSError: A local file can't be read, or isn't there.
        tf.errors.OpError: The same of a file that TensorFlow reads.
        UnicodeDecodeError: The file isn't UTF-8.
    """
    path = server_addr_path(model_dir)
    if "://" in path:
        return read_with_tensorflow(path)
    with open(path, encoding="utf-8", newline="") as file:
        return _without_line_end(file.read())


def read_with_tensorflow(path: str) -> str:
    """The same by TensorFlow, whose file systems are more, and whose errors are upstream's.

    Raises:
        tf.errors.OpError: The file can't be read, or isn't there.
        UnicodeDecodeError: It isn't UTF-8.
    """
    import tensorflow as tf  # noqa: PLC0415 - takes seconds

    with tf.io.gfile.GFile(path) as file:
        return _without_line_end(file.read())


def _without_line_end(text: str) -> str:
    """An editor or echo ends the line. What else is wrong is for gRPC to say."""
    return text.rstrip("\r\n")
