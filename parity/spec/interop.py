"""The messages of interop: what a peer is asked to serve, call, encode and look at, and answers.

They cross a process border in the driver protocol: see docs/driver-protocol.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from parity.base.model import FailFastTuple, Model
from parity.spec.integers import Index, Port, Unsigned
from parity.spec.rpcs import StatusCode

Fields = Mapping[str, Any]
"""A message by field: enums as numbers, null where a field that can be unset is unset."""


class Server(Model):
    """A run with a controller: a fresh session, a barrier, a saver, an address to publish.

    ``save_error`` and ``callback_error`` are messages of a RuntimeError that every
    save raises, or a callback of the barrier; a save takes ``save_ms`` at least.
    """

    ip: str = "127.0.0.1"
    workers: int = 3
    global_step: int = 0
    save_error: str | None = None
    save_ms: Unsigned = 0
    callback_error: str | None = None


class Called(Model):
    """What came of a call.

    ``details`` is null of a call that is OK. ``error`` names the exception of a
    client that found no address, with its message as ``details`` and no code.
    """

    code: StatusCode | None = None
    details: str | None = None
    response_hex: str | None = None
    error: str | None = None


class Encoded(Model):
    """A message's bytes, and its text on a single line if it is one that is shown as text."""

    hex: str
    text: str | None = None


class Decoded(Model):
    """What was read of some bytes, or the name of the error that they are."""

    fields: Any = None
    text: str | None = None
    error: str | None = None


TimerCall = Literal["due", "count", "enable", "disable"]
TimerCalls = tuple[tuple[TimerCall, int, Unsigned], ...]
"""What a timer is asked or told, with a step and the time in milliseconds: whether the step
is due, or to count from it on."""
Limits = tuple[tuple[str, int | None], ...]
"""Machine info by name, each with its limit in bytes or the default one."""


class Look(Model):
    """What to look at.

    This machine's ``port``, ``addrs``, ``candidates`` that may be addresses, ``hosts`` to
    join with the port, machine info that is made and then polled, the checkpoints of
    ``basename``, the steps that ``prefixes`` name, and a saver's timer that is due each
    ``every_steps``, or else each ``every_ms``.
    """

    port: Port
    addrs: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    timeout_ms: Unsigned = 1000
    default_limit: int | None = None
    machines: Limits = ()
    basename: str = ""
    prefixes: tuple[str, ...] = ()
    every_steps: int | None = None
    every_ms: Unsigned = 1000
    timer: TimerCalls = ()


class LookedBarrier(Model):
    """What the barrier that is served says of itself.

    ``refused`` are those of the indices 0 and its capacity that no worker may wait as.
    """

    removed: bool
    none_blocked: bool
    unblocked: FailFastTuple[Index]
    refused: FailFastTuple[int]


class LookedCheckpoints(Model):
    """Names of the checkpoint of step 7; steps that exist, can be restored, and are named.

    ``steps`` are null of prefixes that name none.
    """

    prefix: str
    asset_dir: str
    existing: FailFastTuple[int]
    restored: int | None
    steps: FailFastTuple[int | None]


class Looked(Model):
    """What was seen; ``barrier`` is null where no controller is served.

    ``valid`` says of each candidate whether a NodeAliveChecker can be made of it,
    ``joined`` has each host with the port. ``timer`` says of each call whether the step was
    due, or else whether the timer is enabled after it. ``no_capacity`` is the message of the
    error of a barrier of capacity 0, null if there is none.
    """

    server_addr: str
    ipv4: bool
    addrs: FailFastTuple[str]
    alive: FailFastTuple[str]
    dead: FailFastTuple[str]
    all_alive: bool
    valid: FailFastTuple[bool]
    joined: FailFastTuple[str]
    health_hex: FailFastTuple[str]
    timer: FailFastTuple[bool]
    no_capacity: str | None
    barrier: LookedBarrier | None = None
    checkpoints: LookedCheckpoints
