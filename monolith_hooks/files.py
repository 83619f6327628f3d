"""Small files that may be read while they are written."""

from __future__ import annotations

import secrets

import tensorflow as tf


def write_atomically(path: str, text: str) -> None:
    """Write a file so that a reader sees either all of the old content or all of the new.

    Any number of threads and processes may write one path at once; the last one's content stays.

    Args:
        path: The file, on any file system that TensorFlow supports.
        text: The content, which is written as UTF-8.

    Raises:
        tf.errors.OpError: The file can't be written; no temporary file is left.
    """
    # gfile creates with mode 0666 minus the umask: usually 0644, readable by operators.
    temporary = f"{path}.{secrets.token_hex(8)}.tmp"
    try:
        with tf.io.gfile.GFile(temporary, "w") as file:
            file.write(text)
        tf.io.gfile.rename(temporary, path, overwrite=True)
    except BaseException:
        if tf.io.gfile.exists(temporary):
            tf.io.gfile.remove(temporary)
        raise
