"""The faults of a fake PS, and a ledger of which declared faults have struck."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Rss:
    """The resident memory is this many bytes."""

    bytes: int


@dataclass(frozen=True)
class Recovered:
    """The memory is what it was first, and no other fault is left."""


@dataclass(frozen=True)
class HealthBytes:
    """The health check gives these bytes instead of the truth."""

    data: bytes


@dataclass(frozen=True)
class PollError:
    """The health check op fails."""


@dataclass(frozen=True)
class SlowPoll:
    """The health check takes this many seconds."""

    seconds: float


PsFault = Rss | Recovered | HealthBytes | PollError | SlowPoll


class FaultLedger:
    """Which of the declared faults have struck; a fault is known by where it is declared."""

    def __init__(self) -> None:
        self._struck: dict[str, bool] = {}

    def declare(self, place: str) -> None:
        """Expect a fault; it hasn't struck yet."""
        self._struck[place] = False

    def strike(self, place: str) -> None:
        """Note that a fault was met."""
        self._struck[place] = True

    def struck(self) -> dict[str, bool]:
        """Every declared fault, in order."""
        return dict(self._struck)
