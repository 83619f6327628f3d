"""Errors by their names: TensorFlow's, and Python's own."""

from __future__ import annotations

import builtins

import tensorflow as tf


def named_error(name: str, message: str) -> BaseException:
    """Return a TensorFlow error (``UnavailableError``) or one of Python's (``ValueError``)."""
    op_error = getattr(tf.errors, name, None)
    if op_error is not None:
        return op_error(None, None, message)
    return getattr(builtins, name)(message)


def error_name(error: BaseException) -> str:
    """Return the name that ``named_error`` takes, for any exception."""
    return type(error).__name__


def error_message(error: BaseException) -> str:
    """Return the bare message, without TensorFlow's additions."""
    return error.message if isinstance(error, tf.errors.OpError) else str(error)
