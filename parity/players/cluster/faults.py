"""Faults for real: memory, signals, restarts, a full disk, a folder that can't be written."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fakes.faults import FaultLedger
from parity.players.cluster.cluster import Cluster
from parity.players.cluster.memory import available_bytes
from parity.players.cluster.wire import Answer, Command
from parity.spec.faults import (
    AllocateFault,
    DiskFault,
    Fault,
    FreezeFault,
    KillFault,
    ModelDirFault,
    RecoverFault,
    RestartFault,
    RssFault,
    ThawFault,
)
from parity.spec.scenario import PsMachine, Scenario
from parity.spec.steps import MachineInfoStep

_OWN_BYTES: Final = 512 << 20
"""More than a PS has by itself, so a limit below isn't one that it could stay under."""
_NO_LIMIT: Final = 1 << 40
"""More than any PS has."""
_MOST_BYTES: Final = 2 << 30
"""What one PS may have: others use this machine as well."""
_READ_ONLY: Final = 0o555
_WRITABLE: Final = 0o755


class ShortOfMemoryError(Exception):
    """This machine doesn't have the memory that a scenario wants; the message says how much."""


class ClusterFaults:
    """Does what a scenario's faults say to the processes of its cluster.

    Args:
        cluster: Its processes.
        scenario: What it says of machines.
        ask: Asks a process, by name.
        model_dir: The chief's folder.
    """

    def __init__(
        self,
        cluster: Cluster,
        scenario: Scenario,
        ask: Callable[[str, Command], Answer],
        model_dir: Path,
    ) -> None:
        self._cluster = cluster
        self._ask = ask
        self._model_dir = model_dir
        self._first_memory = {
            machine.ps: machine.rss
            for machine in scenario.all_machines()
            if any(_OWN_BYTES < limit < _NO_LIMIT for limit in _limits(scenario, machine))
        }
        self._ledger = FaultLedger()
        self._unread: dict[int, str] = {}
        """By PS, the last change of its memory that no poll has read."""
        self._polls = 0

    def have_first_memory(self) -> None:
        """Give each PS the memory that the scenario says, where a limit makes it matter."""
        for ps, rss in self._first_memory.items():
            self._grow(ps, rss)

    def inject(self, fault: Fault, place: str, polls: int) -> None:
        """Do it now; it is done when this returns."""
        self.polled(polls)
        self._ledger.declare(place)
        match fault:
            case RssFault(rss=at):
                self._grow(at.ps, at.bytes)
                self._unread[at.ps] = place
            case RecoverFault(recover=at):
                self._grow(at.ps, self._first_memory.get(at.ps, 0))
                self._unread[at.ps] = place
            case AllocateFault(allocate=at):
                _must_have(at.bytes)
                self._ask(f"ps-{at.ps}", Command(do="allocate", number=at.bytes))
                self._unread[at.ps] = place
            case _:
                self._strike(fault)
                self._ledger.mark_triggered(place)

    def polled(self, polls: int) -> None:
        """Note that the chief has polled so often: more than before, and memory was read."""
        if polls > self._polls:
            self._polls = polls
            for place in self._unread.values():
                self._ledger.mark_triggered(place)
            self._unread.clear()

    def probes_struck(self, struck: dict[str, bool]) -> None:
        """Note which of the chief's probes have raised."""
        for place, did in struck.items():
            if place not in self._ledger.triggered():
                self._ledger.declare(place)
            if did:
                self._ledger.mark_triggered(place)

    def triggered(self) -> dict[str, bool]:
        """Return every declared fault, and whether it was triggered."""
        return self._ledger.triggered()

    def undo(self) -> None:
        """Leave nothing behind that hinders others."""
        self._model_dir.chmod(_WRITABLE)

    def _strike(self, fault: Fault) -> None:
        match fault:
            case KillFault(kill=name):
                self._cluster.kill(name)
            case RestartFault(restart=name):
                self._cluster.restart(name)
                if name == "chief":
                    self._polls = 0
                    self._ask("chief", Command(do="open"))
            case FreezeFault(freeze=name):
                self._cluster.freeze(name)
            case ThawFault(thaw=name):
                self._cluster.thaw(name)
            case DiskFault(disk=state):
                self._limit_files(0 if state == "full" else resource.RLIM_INFINITY)
            case ModelDirFault(model_dir=state):
                self._model_dir.chmod(_READ_ONLY if state == "read_only" else _WRITABLE)

    def _limit_files(self, size: int) -> None:
        """The chief's writes beyond this size of a file fail, as on a full disk."""
        pid = self._cluster.processes["chief"].pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))

    def _grow(self, ps: int, resident: int) -> None:
        _must_have(resident)
        self._ask(f"ps-{ps}", Command(do="grow", number=resident))


def _limits(scenario: Scenario, machine: PsMachine) -> list[int]:
    """Return every limit that a PS may get."""
    steps = [step.machine_info for step in scenario.steps if isinstance(step, MachineInfoStep)]
    given = [
        machine.mem_limit,
        scenario.default_mem_limit,
        *(step.mem_limit for step in steps if step.ps == machine.ps),
    ]
    return [limit for limit in given if limit is not None]


def _must_have(size: int) -> None:
    most = min(_MOST_BYTES, available_bytes() // 4)
    if size > most:
        raise ShortOfMemoryError(f"needs a PS of {size} bytes; {most} are to be had here")
