"""What a case consists of, with the results that the specification wants."""

from __future__ import annotations

from collections.abc import Sequence

from parity.base.model import Model
from parity.spec.interop import Server


def varint(number: int) -> bytes:
    """A number of up to 64 bits; a negative one is its two's complement."""
    left, groups = number & (2**64 - 1), []
    while left > 0x7F:
        groups.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*groups, left])


def number(field: int, value: int) -> bytes:
    """A field that holds a number."""
    return varint(field << 3) + varint(value)


def text(field: int, value: str) -> bytes:
    """A field that holds a string."""
    return _sized(field, value.encode())


def packed(field: int, values: Sequence[int]) -> bytes:
    """A repeated field of numbers; nothing if there are none."""
    return _sized(field, b"".join(map(varint, values))) if values else b""


def _sized(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


CALL_MS = 10_000
"""How long a call may take that isn't about deadlines."""


class Want(Model):
    """What a call must give.

    ``details`` are compared unless they are null: then they are the gRPC library's
    own text. ``error`` is the exception of a client that finds no address, and
    ``details`` then what its message must contain.
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


class AskPatiently(Model):
    """A call by this process, which tells the server how long it waits, and waits on.

    ``timeout`` is as in gRPC's header: up to eight digits and a unit; gRPC may send it in
    another unit. What comes of it is the server's doing alone, whereas other callers give
    up at the same moment.
    """

    method: str
    want: Want
    timeout: str


class Arrive(Model):
    """Workers come to the server's barrier, and are blocked."""

    workers: tuple[int, ...]


class Address(Model):
    """Somebody writes the address file, or removes it.

    ``{addr}`` stands for what the server wrote, ``{port}`` for its port. Addresses of
    listeners that are no controller: ``{silent}`` accepts and never answers, ``{hangs up}``
    does so at once, ``{breaks off}`` when a call has begun, ``{cancels}`` answers it so.
    """

    content: bytes | None


class AddressFileIs(Model):
    """The address file's bytes, with ``{port}`` as a port number, and its mode are these."""

    content: str
    mode: int = 0o644


class FilesAre(Model):
    """These are in the model directory, by canonical names, besides the address file."""

    names: tuple[str, ...]


class StopServing(Model):
    """The server's session ends cleanly."""


class BarrierIs(Model):
    """The served barrier says this of itself."""

    removed: bool
    none_blocked: bool
    unblocked: tuple[int, ...]
    refused: tuple[int, ...]


class CheckpointsAre(Model):
    """Of these steps there are checkpoints in the model directory; the last can be restored."""

    steps: tuple[int, ...]


class MachineIsSeen(Model):
    """The server's port sees its machine as this process does."""


class Ipv6IsSeen(Model):
    """The server's port sees who answers by IPv6."""


LookStep = BarrierIs | CheckpointsAre | MachineIsSeen | Ipv6IsSeen
"""What only a peer that can look can say."""
Step = Ask | AskPatiently | Arrive | Address | AddressFileIs | FilesAre | StopServing | LookStep


class Case(Model):
    """One case: its row of the matrix, its name, and its steps."""

    method: str
    name: str
    covers: tuple[str, ...]
    steps: tuple[Step, ...]


class Group(Model):
    """Cases that one server is asked, one after the other."""

    server: Server
    cases: tuple[Case, ...]


class MessageCase(Model):
    """A message that is written and read.

    ``fields`` are all its fields; without ``written`` only reading is tried, as
    nobody writes such bytes. ``error`` is what reading gives in place of fields.
    """

    method: str
    name: str
    covers: tuple[str, ...] = ()
    hex: str
    fields: dict[str, object] | None = None
    text: str | None = None
    error: str | None = None
    written: bool = True
