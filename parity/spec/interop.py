"""The messages of interop: requests to serve, call, encode, decode and look, and their answers.

They cross a process border in the driver protocol: see docs/driver-protocol.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from parity.base.model import FailFastTuple, Model
from parity.spec.integers import Index, Port, Unsigned
from parity.spec.rpcs import StatusCode

Fields = Mapping[str, Any]
"""A message's fields: enums as numbers, null for an optional field that is unset."""


class InteropServerAccess(Model):
    """The access to a controller: docs/production.md says what each option does.

    All paths are absolute. ``audit`` is a file to which the peer appends each line of the audit.
    """

    address: str = "127.0.0.1:0"
    certificate: str | None = None
    private_key: str | None = None
    client_ca: str | None = None
    token_file: str | None = None
    max_request_bytes: Unsigned = 65_536
    max_metadata_bytes: Unsigned = 8_192
    max_concurrent_calls: Unsigned = 64
    max_deadline_ms: Unsigned | None = None
    health_service: bool = False
    reflection: bool = False
    remove_address_file: bool = False
    audit: str | None = None


class InteropClientAccess(Model):
    """A client's means of access: PEM files, the name to expect, a token, and a proxy to use."""

    ca: str | None = None
    certificate: str | None = None
    private_key: str | None = None
    server_name: str | None = None
    token_file: str | None = None
    proxy: str | None = None


class InteropServer(Model):
    """A run with a controller: a fresh session, a barrier, a saver, an address to publish.

    ``save_error`` and ``callback_error`` are messages of a RuntimeError that every save, or
    a callback of the barrier, raises; a save takes at least ``save_ms``, and a callback at least
    ``callback_ms``. ``callback_panic`` is
    the message of a panic of a callback, or of any exception in a language without panics. A
    graph without a ``global_step`` has no saver either. ``access`` is asked of drivers with the
    capability ``access`` only; without it the controller is the original's.
    """

    ip: str = "127.0.0.1"
    workers: int = 3
    global_step: int | None = 0
    save_error: str | None = None
    save_ms: Unsigned = 0
    callback_error: str | None = None
    callback_panic: str | None = None
    callback_ms: Unsigned = 0
    access: InteropServerAccess | None = None


class Called(Model):
    """The result of a call.

    ``details`` is null if the call is OK. ``error`` is the name of the exception of a
    client that found no address; its message is ``details``, and there is no code.
    """

    code: StatusCode | None = None
    details: str | None = None
    response_hex: str | None = None
    error: str | None = None


class Encoded(Model):
    """A message's bytes, and its text on one line if the message has a text form."""

    hex: str
    text: str | None = None


class Decoded(Model):
    """The fields and text of decoded bytes, or the name of the error of decoding."""

    fields: Any = None
    text: str | None = None
    error: str | None = None


TimerCall = Literal["due", "count", "enable", "disable"]
TimerCalls = tuple[tuple[TimerCall, int, Unsigned], ...]
"""Calls of a timer, each with a step and the time in milliseconds: ``due`` asks whether the
step is due, ``count`` starts an interval at it."""
Limits = tuple[tuple[str, int | None], ...]
"""Machine info by name, each with its limit in bytes, or None for the default one."""


class Look(Model):
    """A request to report what the port observes.

    It has this machine's ``port``, ``addrs`` to connect to, ``candidates`` that may be
    addresses, ``hosts`` to join with the port, machine info that is created and then polled,
    the ``basename`` of checkpoints, ``prefixes`` that name steps, and the calls of a saver's
    timer that is due each ``every_steps``, or else each ``every_ms``.

    ``resolves`` has names with what they resolve to, in place of the resolver's answer; ``""`` is
    this host's own name. With a ``latest_step`` the latest state of the folder of ``basename`` is
    asked for with this step, by the cache that the process keeps.

    ``infos`` are steps of checkpoint info, or None for info without one, that a session at step 3
    is assigned one after the other. ``inputs`` are pairs of numbers of iterators: so many are
    saved, and so many are restored in another graph. The files of both are in new folders beside
    ``basename``.
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
    resolves: tuple[tuple[str, tuple[str, ...]], ...] = ()
    latest_step: int | None = None
    infos: tuple[int | None, ...] = ()
    inputs: tuple[tuple[Index, Index], ...] = ()


class LookedBarrier(Model):
    """The state of the served barrier.

    ``refused`` are those of the indices 0 and the capacity that a waiting worker may not have.
    """

    removed: bool
    none_blocked: bool
    unblocked: FailFastTuple[Index]
    refused: FailFastTuple[int]


class LookedCheckpoints(Model):
    """Names of the checkpoint of step 7, and the existing, restored and named steps.

    ``existing`` is ascending, and null if asking for it raises an AttributeError. A step in
    ``steps`` is null if its prefix names none. ``latest`` is the newest checkpoint of the cached
    state, null if there is no state or none was asked for. ``exempt`` are the exempt paths of
    ``monolith_checkpoint`` that are checkpoints, null without such a file.
    """

    prefix: str
    asset_dir: str
    existing: FailFastTuple[int] | None
    restored: int | None
    steps: FailFastTuple[int | None]
    latest: str | None
    exempt: FailFastTuple[str] | None


class LookedInfo(Model):
    """The step of a session's checkpoint info, and the one in the name of an input saved with it.

    ``step`` is null if the info has none; ``saved`` is null if there isn't one file.
    """

    step: int | None
    saved: int | None


class LookedGraphs(Model):
    """What the port's graphs take and keep.

    ``second_barrier`` and ``second_controller`` are the name of the error with which a graph
    refuses a second barrier or ControllerHook, null if it takes one. ``infos`` is empty if no info
    is assigned, and else begins with what a session has before the first. ``inputs`` has the
    elements that the restored iterators give next, after as many of the first iterator as 1, of
    the second as 2, and so on were read before the save; null if restoring is a NotFoundError.
    """

    second_barrier: str | None
    second_controller: str | None
    infos: FailFastTuple[LookedInfo]
    inputs: FailFastTuple[FailFastTuple[Unsigned] | None]


class Looked(Model):
    """The answer to a look; ``barrier`` is null if no controller is served.

    ``valid`` has for each candidate whether the port reads it as an address, ``joined`` each
    host with the port. ``timer`` has for each call whether the step was due, or else whether
    the timer is enabled after it. ``no_capacity`` is the message of the error of a barrier of
    capacity 0, null if there is none. ``now_ms`` is the system clock of the hooks, in
    milliseconds since the epoch.
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
    now_ms: Unsigned
    barrier: LookedBarrier | None = None
    checkpoints: LookedCheckpoints
    graphs: LookedGraphs
