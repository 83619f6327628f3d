"""The closed set of faults that a scenario can inject."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from parity.base.bounds import Hex, PsIndex, Text, Times
from parity.base.model import Model, example
from parity.spec.kinds import ByKey, kinds_of
from parity.spec.units import Allocated, Duration, Size

ProcessName = Annotated[
    str, StringConstraints(pattern=r"^(chief|ps-(0|[1-9][0-9]{0,3})|worker-[1-9][0-9]{0,3})$")
]
"""``chief``, ``ps-0``, ``worker-1``."""


class Allocation(Model):
    """Which PS allocates how many bytes."""

    ps: PsIndex
    """The PS, counted from 0."""
    bytes: Allocated
    """How much more it has from now on."""


class AllocateFault(Model, json_schema_extra=example({"allocate": {"ps": 1, "bytes": "600MiB"}})):
    """That PS allocates so much, for good, and touches every page. Strikes when a poll reads it."""

    allocate: Allocation


class KillFault(Model, json_schema_extra=example({"kill": "ps-1"})):
    """SIGKILL of a process: ``chief``, ``ps-0``, ``worker-1``. Strikes at once."""

    kill: ProcessName


class RestartFault(Model, json_schema_extra=example({"restart": "ps-1"})):
    """Another process in the place of one that was killed, at its address. Strikes at once.

    A chief opens its session, which goes on from the newest checkpoint.
    """

    restart: ProcessName


class FreezeFault(Model, json_schema_extra=example({"freeze": "ps-1"})):
    """SIGSTOP of a process. Strikes at once."""

    freeze: ProcessName


class ThawFault(Model, json_schema_extra=example({"thaw": "ps-1"})):
    """SIGCONT of a process that was stopped. Strikes at once."""

    thaw: ProcessName


class DiskFault(Model, json_schema_extra=example({"disk": "full"})):
    """The chief can write no more bytes into files; or it can again. Strikes at once."""

    disk: Literal["full", "free"]


class ModelDirFault(Model, json_schema_extra=example({"model_dir": "read_only"})):
    """Nothing can be created or removed in the model directory; or it can again.

    Strikes at once.
    """

    model_dir: Literal["read_only", "writable"]


Need = Literal[
    "kill", "stop_process", "real_memory", "disk", "injection", "exact_time", "exact_memory",
    "ipv4", "ipv6",
]  # fmt: skip
"""What a player must be able to do, beyond what all can (docs/cluster.md), or what the host
must have (``parity.base.host``)."""

NEED_OF_FAULT: Final[dict[str, Need]] = {
    "allocate": "real_memory",
    "kill": "kill",
    "restart": "kill",
    "freeze": "stop_process",
    "thaw": "stop_process",
    "disk": "disk",
    "model_dir": "disk",
}


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

SLOWEST_POLL: Final = 100_000
"""Milliseconds; an exit waits 120,000 for threads."""


class Machine(Model):
    """Which PS a fault concerns."""

    ps: PsIndex
    """The PS, counted from 0."""


class Rss(Machine):
    """The resident memory of a PS, from now on."""

    bytes: Size
    """What its resident memory is from now on."""


class HealthBytes(Machine):
    """What the health check of a PS gives instead of the truth."""

    hex: Annotated[Hex, StringConstraints(min_length=2)]
    """The bytes, two lower-case hexadecimal digits each; any at all mean unhealthy (B7)."""


class SlowPoll(Machine):
    """How long the health check of a PS takes.

    Less than the 120 s that an exit waits for threads: after that TensorFlow's close
    waits for the poll in real time, which no virtual clock can move.
    """

    takes: Annotated[Duration, Field(le=SLOWEST_POLL)]
    """How much virtual time it takes."""


class SaveError(Model):
    """What writing a checkpoint raises, the next ``times`` times or always."""

    error: ErrorName
    """What is raised: a TensorFlow error by its Python name, or one of Python's own."""
    message: Text = "injected"
    """Its message."""
    times: Times | None = None
    """How many writes raise; ``null``: every one."""


class SlowSave(Model):
    """How long writing a checkpoint takes."""

    takes: Duration
    """How much virtual time it takes."""


class RssFault(Model, json_schema_extra=example({"rss": {"ps": 0, "bytes": "9GiB"}})):
    """The resident memory of that PS is now this. Strikes when a poll reads it."""

    rss: Rss


class HealthBytesFault(
    Model, json_schema_extra=example({"health_bytes": {"ps": 0, "hex": "0801"}})
):
    """The health check of that PS gives these bytes instead. Strikes when a poll reads them."""

    health_bytes: HealthBytes


class PollErrorFault(Model, json_schema_extra=example({"poll_error": {"ps": 0}})):
    """The health check op of that PS fails, and the poll raises UnknownError.

    Strikes when a poll reads it.
    """

    poll_error: Machine


class SlowPollFault(Model, json_schema_extra=example({"slow_poll": {"ps": 0, "takes": "5s"}})):
    """The health check of that PS takes this much time, 100 s at most.

    An exit waits 120 s for threads; after that TensorFlow's own close would wait in
    real time. Strikes when a poll reads it.
    """

    slow_poll: SlowPoll


class RecoverFault(Model, json_schema_extra=example({"recover": {"ps": 0}})):
    """That PS has its first memory again and none of the faults above.

    Strikes when a poll reads it.
    """

    recover: Machine


class SaveErrorFault(
    Model,
    json_schema_extra=example({"save_error": {"error": "InternalError", "times": 2}}),
):
    """Writing a checkpoint raises, the next ``times`` times. Strikes when a write raises."""

    save_error: SaveError


class SlowSaveFault(Model, json_schema_extra=example({"slow_save": {"takes": "2s"}})):
    """Writing a checkpoint takes this much time, first.

    Its name has the step at which the save began. Strikes when a write waits.
    """

    slow_save: SlowSave


AnyFault = (
    RssFault
    | HealthBytesFault
    | PollErrorFault
    | SlowPollFault
    | RecoverFault
    | SaveErrorFault
    | SlowSaveFault
    | AllocateFault
    | KillFault
    | RestartFault
    | FreezeFault
    | ThawFault
    | DiskFault
    | ModelDirFault
)
FAULTS: Final = kinds_of(AnyFault)

Fault = Annotated[
    AnyFault,
    ByKey(
        "no_fault",
        "this is no fault; a mapping with one of the keys {kinds} would be right",
    ),
]
