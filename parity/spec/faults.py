"""The closed set of faults that a scenario can inject."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from parity.base.bounds import MOST_HOOKS, MOST_TIMES, Hex, PsIndex, Text, Times
from parity.base.model import Model, example
from parity.spec.kinds import ByKey, kinds_of
from parity.spec.units import Allocated, Duration, Size

ProcessName = Annotated[
    str, StringConstraints(pattern=r"^(chief|ps-(0|[1-9][0-9]{0,3})|worker-[1-9][0-9]{0,3})$")
]
"""Name of a process: ``chief``, ``ps-0``, ``worker-1``."""


class Allocation(Model):
    """The PS that allocates memory, and the number of bytes."""

    ps: PsIndex
    """The PS, counted from 0."""
    bytes: Allocated
    """The amount by which its memory grows."""


class AllocateFault(Model, json_schema_extra=example({"allocate": {"ps": 1, "bytes": "600MiB"}})):
    """The PS allocates this much memory for good and touches every page.

    It is triggered when a poll reads the memory.
    """

    allocate: Allocation


class KillFault(Model, json_schema_extra=example({"kill": "ps-1"})):
    """SIGKILL of a process: ``chief``, ``ps-0``, ``worker-1``. It is triggered at once."""

    kill: ProcessName


class RestartFault(Model, json_schema_extra=example({"restart": "ps-1"})):
    """A new process replaces one that was killed, at its address. It is triggered at once.

    A chief opens its session, which continues from the newest checkpoint.
    """

    restart: ProcessName


class FreezeFault(Model, json_schema_extra=example({"freeze": "ps-1"})):
    """SIGSTOP of a process. It is triggered at once."""

    freeze: ProcessName


class ThawFault(Model, json_schema_extra=example({"thaw": "ps-1"})):
    """SIGCONT of a process that was stopped. It is triggered at once."""

    thaw: ProcessName


class DiskFault(Model, json_schema_extra=example({"disk": "full"})):
    """The chief can write no more bytes into files, or can again. It is triggered at once."""

    disk: Literal["full", "free"]


class ModelDirFault(Model, json_schema_extra=example({"model_dir": "read_only"})):
    """No file can be created or removed in the model directory, or can again.

    It is triggered at once.
    """

    model_dir: Literal["read_only", "writable"]


Need = Literal[
    "kill", "stop_process", "real_memory", "disk", "injection", "exact_time", "exact_memory",
    "options", "ipv4", "ipv6",
]  # fmt: skip
"""A capability that not every player has (docs/cluster.md), or a need of the host
(``parity.base.host``)."""

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

SaveMethod = Literal["before_save", "after_save"]

FileOperation = Literal["read", "write", "rename", "delete"]
FaultyFile = Literal[
    "checkpoint",
    "controller_server_addr.txt",
    "monolith_action",
    "monolith_action_response",
    "monolith_checkpoint",
]

SLOWEST_POLL: Final = 100_000
"""In milliseconds; an exit waits 120,000 ms for threads."""


class Machine(Model):
    """The PS of a fault."""

    ps: PsIndex
    """The PS, counted from 0."""


class Rss(Machine):
    """The resident memory of a PS from now on."""

    bytes: Size
    """Its resident memory from now on."""


class HealthBytes(Machine):
    """The bytes that the health check of a PS returns instead of its real result."""

    hex: Annotated[Hex, StringConstraints(min_length=2)]
    """The bytes, two lower-case hexadecimal digits each; any at all mean unhealthy (B7)."""


class SlowPoll(Machine):
    """The duration of the health check of a PS.

    It is less than the 120 s that an exit waits for threads: after that TensorFlow's close
    waits for the poll in real time, which a virtual clock doesn't control.
    """

    takes: Annotated[Duration, Field(le=SLOWEST_POLL)]
    """The virtual time that it takes."""


class SaveError(Model):
    """The error that writing a checkpoint raises, the next ``times`` times or always."""

    error: ErrorName
    """The error: a TensorFlow error by its Python name, or one of Python's own."""
    message: Text = "injected"
    """Its message."""
    times: Times | None = None
    """The number of writes that raise; ``null``: every write."""


class SlowSave(Model):
    """The additional duration of writing a checkpoint."""

    takes: Duration
    """The virtual time that it takes."""


class ListenerError(Model):
    """The error that a listener raises, the next ``times`` times or always."""

    listener: Annotated[int, Field(ge=0, le=2 * MOST_HOOKS - 1)]
    """Its index; those of the guards go on from those of the listeners."""
    method: SaveMethod
    """The method, whose call is recorded before the error is raised."""
    error: ErrorName
    """The error: a TensorFlow error by its Python name, or one of Python's own."""
    message: Text = "injected"
    """Its message."""
    times: Times | None = None
    """The number of calls that raise; ``null``: every call."""


class FileError(Model):
    """The error of an operation on a file, ``times`` times or always."""

    operation: FileOperation
    """The operation. A ``write`` that fails has written half of the content, into the file itself
    or into a temporary file that is then renamed; each of the others has done nothing."""
    file: FaultyFile
    """The file, whatever folder of the model directory it is in."""
    error: ErrorName
    """The error: a TensorFlow error by its Python name, or one of Python's own."""
    message: Text = "injected"
    """Its message."""
    skips: Annotated[int, Field(ge=0, le=MOST_TIMES)] = 0
    """The number of operations that succeed before it is raised."""
    times: Times | None = None
    """The number of operations that fail from then on; ``null``: every one."""

    @model_validator(mode="after")
    def _is_done(self) -> FileError:
        if self.operation not in OPERATIONS[self.file]:
            right = " or ".join(OPERATIONS[self.file])
            raise ValueError(f"no hook does a {self.operation} of {self.file}; expected {right}")
        return self


OPERATIONS: Final[dict[FaultyFile, tuple[FileOperation, ...]]] = {
    "checkpoint": ("write", "rename"),
    "controller_server_addr.txt": ("write", "rename"),
    "monolith_action": ("read", "delete"),
    "monolith_action_response": ("write", "rename"),
    "monolith_checkpoint": ("read", "write", "rename"),
}
"""Of each file, what hooks do with it that can fail."""


class RssFault(Model, json_schema_extra=example({"rss": {"ps": 0, "bytes": "9GiB"}})):
    """The PS has this resident memory from now on. It is triggered when a poll reads it."""

    rss: Rss


class HealthBytesFault(
    Model, json_schema_extra=example({"health_bytes": {"ps": 0, "hex": "0801"}})
):
    """The health check of the PS returns these bytes. It is triggered when a poll reads them."""

    health_bytes: HealthBytes


class PollErrorFault(Model, json_schema_extra=example({"poll_error": {"ps": 0}})):
    """The health check op of the PS fails, and the poll raises UnknownError.

    It is triggered when a poll reads it.
    """

    poll_error: Machine


class SlowPollFault(Model, json_schema_extra=example({"slow_poll": {"ps": 0, "takes": "5s"}})):
    """The health check of the PS takes this much time, at most 100 s.

    An exit waits 120 s for threads; after that TensorFlow's own close would wait in
    real time. It is triggered when a poll reads it.
    """

    slow_poll: SlowPoll


class RecoverFault(Model, json_schema_extra=example({"recover": {"ps": 0}})):
    """The PS has its initial memory again and none of the faults above.

    It is triggered when a poll reads it.
    """

    recover: Machine


class SaveErrorFault(
    Model,
    json_schema_extra=example({"save_error": {"error": "InternalError", "times": 2}}),
):
    """Writing a checkpoint raises, the next ``times`` times. It is triggered when one raises."""

    save_error: SaveError


class SlowSaveFault(Model, json_schema_extra=example({"slow_save": {"takes": "2s"}})):
    """Writing a checkpoint first waits this much time.

    Its name has the step at which the save began. It is triggered when a write waits.
    """

    slow_save: SlowSave


class ListenerErrorFault(
    Model,
    json_schema_extra=example(
        {"listener_error": {"listener": 0, "method": "after_save", "error": "UnavailableError"}}
    ),
):
    """A listener or guard of a saver raises. It is triggered when one does."""

    listener_error: ListenerError


class FileErrorFault(
    Model,
    json_schema_extra=example(
        {
            "file_error": {
                "operation": "rename",
                "file": "checkpoint",
                "error": "UnavailableError",
                "times": 1,
            }
        }
    ),
):
    """An operation on a file in the model directory fails. It is triggered when one does.

    Its event shows what files there are at that moment: what a process that ended there
    would leave.
    """

    file_error: FileError


AnyFault = (
    RssFault
    | HealthBytesFault
    | PollErrorFault
    | SlowPollFault
    | RecoverFault
    | SaveErrorFault
    | SlowSaveFault
    | ListenerErrorFault
    | FileErrorFault
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
        "unknown fault; expected a mapping with one of the keys {kinds}",
    ),
]
