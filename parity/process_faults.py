"""Faults that only real processes can have."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from parity.model import Model
from parity.units import Size

ProcessName = Annotated[
    str, StringConstraints(pattern=r"^(chief|ps-(0|[1-9]\d*)|worker-[1-9]\d*)$")
]
"""``chief``, ``ps-0``, ``worker-1``."""


class Allocation(Model):
    """Which PS allocates how many bytes, for good."""

    ps: Annotated[int, Field(ge=0)]
    bytes: Annotated[Size, Field(ge=1)]


class AllocateFault(Model):
    """``allocate: {ps, bytes}``: real memory, every page of it touched."""

    allocate: Allocation


class KillFault(Model):
    """``kill: ps-1``: SIGKILL."""

    kill: ProcessName


class RestartFault(Model):
    """``restart: ps-1``: another process in the place of one that was killed."""

    restart: ProcessName


class FreezeFault(Model):
    """``freeze: ps-1``: SIGSTOP."""

    freeze: ProcessName


class ThawFault(Model):
    """``thaw: ps-1``: SIGCONT."""

    thaw: ProcessName


class DiskFault(Model):
    """``disk: full``: the chief can write no more bytes into any file; or ``free`` again."""

    disk: Literal["full", "free"]


class ModelDirFault(Model):
    """``model_dir: read_only``: nothing can be created or removed there; or ``writable`` again."""

    model_dir: Literal["read_only", "writable"]


Need = Literal[
    "kill", "stop_process", "real_memory", "disk", "injection", "exact_time", "exact_memory"
]
"""What a player must be able to do, beyond what all can (docs/scenario-format.md)."""

NEED_OF_FAULT: Final[dict[str, Need]] = {
    "allocate": "real_memory",
    "kill": "kill",
    "restart": "kill",
    "freeze": "stop_process",
    "thaw": "stop_process",
    "disk": "disk",
    "model_dir": "disk",
}
