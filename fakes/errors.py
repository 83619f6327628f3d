"""Exceptions by name, as scenarios and traces name them."""

from __future__ import annotations

import builtins

import tensorflow as tf


def named_error(name: str, message: str) -> BaseException:
    """A TensorFlow error (``UnavailableError``) or one of Python's (``ValueError``)."""
    op_error = getattr(tf.errors, name, None)
    if op_error is not None:
        return op_error(None, None, message)
    return getattr(builtins, name)(message)


def error_name(error: BaseException) -> str:
    """The name that ``named_error`` takes, for any exception."""
    return type(error).__name__


def error_message(error: BaseException) -> str:
    """The bare message, without TensorFlow's additions."""
    return error.message if isinstance(error, tf.errors.OpError) else str(error)
