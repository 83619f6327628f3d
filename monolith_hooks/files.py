"""Small files that others read while they are written."""

from __future__ import annotations

import tensorflow as tf


def write_atomically(path: str, text: str, *, writer: str) -> None:
    """Write a file so that a reader sees all of the old or all of the new one.

    Args:
        path: The file; any file system of TensorFlow's.
        text: What it is to hold, UTF-8.
        writer: Tells writers of one path apart, so that they don't share a temporary file.

    Raises:
        tf.errors.OpError: It can't be written; nothing is left of the attempt.
    """
    # gfile creates with mode 0666 less the umask: 0644 as a rule, readable by operators.
    temporary = f"{path}.{writer}.tmp"
    try:
        with tf.io.gfile.GFile(temporary, "w") as file:
            file.write(text)
        tf.io.gfile.rename(temporary, path, overwrite=True)
    except BaseException:
        if tf.io.gfile.exists(temporary):
            tf.io.gfile.remove(temporary)
        raise
