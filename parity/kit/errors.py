"""Errors by their names, in a process without TensorFlow.

A trace knows an error by the name of its class and by its message. So a port's own class
``UnavailableError`` stands for TensorFlow's.
"""

from __future__ import annotations

import builtins
import functools


class OpError(Exception):
    """Base of the errors that have the names of TensorFlow's."""


def named_error(name: str, message: str) -> BaseException:
    """Return one of Python's errors (``ValueError``), or one with this name."""
    return _class(name)(message)


@functools.cache
def _class(name: str) -> type[BaseException]:
    builtin = getattr(builtins, name, None)
    if isinstance(builtin, type) and issubclass(builtin, BaseException):
        return builtin
    return type(name, (OpError,), {"__doc__": f"TensorFlow's {name}, by its name alone."})
