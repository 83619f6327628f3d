"""Every error by its name, and what a test sees of one that is raised or logged."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

Make = Callable[[str], BaseException]


def op_error(kind: Any) -> Make:
    return lambda message: kind(None, None, message)


OP_ERRORS: list[Make] = [
    op_error(getattr(tf.errors, f"{name}Error"))
    for name in (
        *("Cancelled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound"),
        *("AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition"),
        *("Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss"),
        "Unauthenticated",
    )
]
EXCEPTIONS: list[Make] = [
    *(OSError, FileNotFoundError, PermissionError, TimeoutError, ConnectionError, socket.gaierror),
    *(RuntimeError, NotImplementedError, ValueError, KeyError, AttributeError, TypeError),
    *(AssertionError, MemoryError, StopIteration, DecodeError),
    lambda message: UnicodeDecodeError("utf-8", b"\xff", 0, 1, message),
]
LEAVING: list[Make] = [KeyboardInterrupt, SystemExit, GeneratorExit]
"""What ``except Exception`` doesn't catch."""


@contextlib.contextmanager
def raised(error: BaseException | None) -> Iterator[None]:
    """Check that this error leaves, or none."""
    left: BaseException | None = None
    try:
        yield
    except BaseException as other:  # noqa: BLE001 - whatever it is, it is compared
        left = other
    assert left is error, f"{left!r} left and not {error!r}"


def records(caplog: Any, level: str) -> int:
    """The number of our own records of this level since the last look.

    One of a level above WARNING has the traceback of its error.
    """
    ours = [record for record in caplog.records if record.name == "absl"]
    caplog.clear()
    assert all(record.exc_info for record in ours if record.levelname in {"ERROR", "CRITICAL"})
    return sum(record.levelname == level for record in ours)
