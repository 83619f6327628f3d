"""The steps of a case, with the results that the specification requires."""

from __future__ import annotations

from parity.base.model import Model
from parity.spec.interop import InteropClientAccess, InteropServer

CALL_MS = 10_000
"""Milliseconds that a call may take if its case isn't about deadlines."""

FILES = "{files}"
"""What stands for the folder of certificates and token files, in the paths of access."""


class Want(Model):
    """The required result of a call.

    ``details`` are compared unless they are null, which is for the gRPC library's own
    text. ``error`` is the exception of a client that finds no address; ``details`` is
    then a text that its message must contain.
    """

    code: str | None = "OK"
    details: str | None = None
    response_hex: str | None = None
    error: str | None = None


class Ask(Model):
    """A call by the client; ``method`` is the whole path, ``request_hex`` as in a peer's call."""

    method: str
    want: Want
    request_hex: str | None = None
    deadline_ms: int = CALL_MS
    access: InteropClientAccess | None = None


class AskPatiently(Model):
    """A call by this process, which sends a timeout to the server but waits longer.

    ``timeout`` is as in gRPC's header: up to eight digits and a unit; gRPC may send it in
    another unit. The result comes from the server alone, whereas other callers give up at
    the same moment.
    """

    method: str
    want: Want
    timeout: str


class AskAcrossTheEnd(Model):
    """A StopTraining by this process, whose callback runs while the server's session ends."""

    want: Want


class AskBeside(Model):
    """A StopTraining and a GetTrainingStatus by this process at one moment.

    The second is answered while the callback of the first runs.
    """


class Arrive(Model):
    """Workers that arrive at the server's barrier and are blocked."""

    workers: tuple[int, ...]


class Address(Model):
    """New content of the address file, or its removal.

    ``{addr}`` stands for the address that the server wrote, ``{port}`` for its port. These
    stand for addresses of listeners that aren't controllers: ``{silent}`` accepts and never
    answers, ``{hangs up}`` closes at once, ``{breaks off}`` closes during the first call,
    ``{cancels}`` answers a call with CANCELLED.
    """

    content: bytes | None


class AddressFileIs(Model):
    """Required bytes of the address file, with ``{port}`` for a port number, and its mode."""

    content: str
    mode: int = 0o644


class FilesAre(Model):
    """Required files in the model directory, by canonical names, besides the address file."""

    names: tuple[str, ...]


class AuditIs(Model):
    """Required lines of the server's audit since the last look; the client's port is ``{port}``."""

    lines: tuple[str, ...]


class StopServing(Model):
    """A clean end of the server's session, and a second ``end`` of its server hook."""


class BarrierIs(Model):
    """Required state of the served barrier."""

    removed: bool
    none_blocked: bool
    unblocked: tuple[int, ...]
    refused: tuple[int, ...]


class CheckpointsAre(Model):
    """Required steps with checkpoints in the model directory; the last can be restored."""

    steps: tuple[int, ...]


class MachineIsSeen(Model):
    """A check that the server's port observes its machine as this process does."""


class Ipv6IsSeen(Model):
    """A check that the server's port observes which addresses answer by IPv6."""


InteropLookStep = BarrierIs | CheckpointsAre | MachineIsSeen | Ipv6IsSeen
"""A step that only a peer with the capability ``look`` can take."""
InteropStep = (
    Ask
    | AskPatiently
    | AskAcrossTheEnd
    | AskBeside
    | Arrive
    | Address
    | AddressFileIs
    | FilesAre
    | AuditIs
    | StopServing
    | InteropLookStep
)


class InteropCase(Model):
    """One case: its row of the matrix, its name, and its steps."""

    method: str
    name: str
    covers: tuple[str, ...]
    steps: tuple[InteropStep, ...]


class Group(Model):
    """Cases that are played one after the other on one server."""

    server: InteropServer
    cases: tuple[InteropCase, ...]


class MessageCase(Model):
    """A message that is written and read.

    ``fields`` are all its fields. Without ``written`` it is only read, as no peer writes
    such bytes. ``error`` is the error of reading, in place of fields.
    """

    method: str
    name: str
    covers: tuple[str, ...] = ()
    hex: str
    fields: dict[str, object] | None = None
    text: str | None = None
    error: str | None = None
    written: bool = True
