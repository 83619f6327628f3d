"""The faults of a fake PS, and the ledger of the declared faults that were triggered."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Rss:
    """Resident memory of this many bytes."""

    bytes: int


@dataclass(frozen=True)
class Recovered:
    """The initial memory again, and no other fault."""


@dataclass(frozen=True)
class HealthBytes:
    """Bytes that the health check returns instead of its real result."""

    data: bytes


@dataclass(frozen=True)
class PollError:
    """A health check op that fails."""


@dataclass(frozen=True)
class SlowPoll:
    """A health check that takes this many seconds."""

    seconds: float


PsFault = Rss | Recovered | HealthBytes | PollError | SlowPoll


class FaultLedger:
    """Record of the declared faults that were triggered, each known by where it is declared."""

    def __init__(self) -> None:
        self._triggered: dict[str, bool] = {}

    def declare(self, place: str) -> None:
        """Add a fault, which hasn't been triggered yet."""
        self._triggered[place] = False

    def mark_triggered(self, place: str) -> None:
        """Record that a fault was triggered."""
        self._triggered[place] = True

    def triggered(self) -> dict[str, bool]:
        """Return every declared fault in order, and whether it was triggered."""
        return dict(self._triggered)
