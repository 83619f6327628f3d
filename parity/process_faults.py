"""Faults that only real processes can have."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import StringConstraints

from parity.bounded import PsIndex
from parity.model import Model, example
from parity.units import Allocated

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
must have (``parity.host``)."""

NEED_OF_FAULT: Final[dict[str, Need]] = {
    "allocate": "real_memory",
    "kill": "kill",
    "restart": "kill",
    "freeze": "stop_process",
    "thaw": "stop_process",
    "disk": "disk",
    "model_dir": "disk",
}
