"""The closed set of faults that a scenario can inject."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from parity.model import Model
from parity.process_faults import (
    AllocateFault,
    DiskFault,
    FreezeFault,
    KillFault,
    ModelDirFault,
    RestartFault,
    ThawFault,
)
from parity.units import Duration, Size

ErrorName = Literal[
    "AbortedError",
    "AlreadyExistsError",
    "CancelledError",
    "DataLossError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "OutOfRangeError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
    "ValueError",
    "RuntimeError",
    "StopIteration",
    "KeyboardInterrupt",
    "SystemExit",
]
"""A TensorFlow error by its Python name, or one of Python's own."""

Index = Annotated[int, Field(ge=0)]


class Machine(Model):
    """Which PS a fault concerns."""

    ps: Index


class Rss(Machine):
    """The resident memory of a PS, from now on."""

    bytes: Annotated[Size, Field(ge=0)]


class HealthBytes(Machine):
    """What the health check of a PS gives instead of the truth."""

    hex: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})+$")]


class SlowPoll(Machine):
    """How long the health check of a PS takes.

    Less than the 120 s that an exit waits for threads: after that TensorFlow's close
    waits for the poll in real time, which no virtual clock can move.
    """

    takes: Annotated[Duration, Field(le=100_000)]


class SaveError(Model):
    """What writing a checkpoint raises, the next ``times`` times or always."""

    error: ErrorName
    message: str = "injected"
    times: Annotated[int, Field(ge=1)] | None = None


class SlowSave(Model):
    """How long writing a checkpoint takes."""

    takes: Duration


class RssFault(Model):
    """``rss: {ps, bytes}``."""

    rss: Rss


class HealthBytesFault(Model):
    """``health_bytes: {ps, hex}``."""

    health_bytes: HealthBytes


class PollErrorFault(Model):
    """``poll_error: {ps}``: the health check op of that PS fails."""

    poll_error: Machine


class SlowPollFault(Model):
    """``slow_poll: {ps, takes}``."""

    slow_poll: SlowPoll


class RecoverFault(Model):
    """``recover: {ps}``: its first memory again, and none of the faults above."""

    recover: Machine


class SaveErrorFault(Model):
    """``save_error: {error, message, times}``."""

    save_error: SaveError


class SlowSaveFault(Model):
    """``slow_save: {takes}``."""

    slow_save: SlowSave


def only_key(value: object, known: tuple[str, ...]) -> str | None:
    """The tag of a value that says what it is by a key: ``rss`` of ``{rss: ...}``."""
    if isinstance(value, Model):
        return next(iter(type(value).model_fields))
    if isinstance(value, dict):
        return next((key for key in known if key in value), None)
    return value if isinstance(value, str) and value in known else None


FAULTS: Final = (
    "rss",
    "health_bytes",
    "poll_error",
    "slow_poll",
    "recover",
    "save_error",
    "slow_save",
    "allocate",
    "kill",
    "restart",
    "freeze",
    "thaw",
    "disk",
    "model_dir",
)

Fault = Annotated[
    Annotated[RssFault, Tag("rss")]
    | Annotated[HealthBytesFault, Tag("health_bytes")]
    | Annotated[PollErrorFault, Tag("poll_error")]
    | Annotated[SlowPollFault, Tag("slow_poll")]
    | Annotated[RecoverFault, Tag("recover")]
    | Annotated[SaveErrorFault, Tag("save_error")]
    | Annotated[SlowSaveFault, Tag("slow_save")]
    | Annotated[AllocateFault, Tag("allocate")]
    | Annotated[KillFault, Tag("kill")]
    | Annotated[RestartFault, Tag("restart")]
    | Annotated[FreezeFault, Tag("freeze")]
    | Annotated[ThawFault, Tag("thaw")]
    | Annotated[DiskFault, Tag("disk")]
    | Annotated[ModelDirFault, Tag("model_dir")],
    Discriminator(
        lambda value: only_key(value, FAULTS),
        custom_error_type="no_fault",
        custom_error_message="this is no fault; a mapping with one of the keys "
        f"{', '.join(FAULTS)} would be right",
    ),
]
