"""Real faults: memory, signals, restarts, a full disk, a read-only folder."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fakes.faults import FaultLedger
from parity.players.cluster.cluster import ClusterProcesses
from parity.players.cluster.memory import available_bytes
from parity.players.cluster.wire import RoleAnswer, RoleCommand
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
"""More memory than a PS has by itself, which could exceed a lower limit."""
_NO_LIMIT: Final = 1 << 40
"""More than any PS has."""
_MOST_BYTES: Final = 2 << 30
"""Most memory of one PS, as others use this machine as well."""
_READ_ONLY: Final = 0o555
_WRITABLE: Final = 0o755


class ShortOfMemoryError(Exception):
    """This machine doesn't have the memory that a scenario needs; the message says how much."""


class ClusterFaults:
    """Injector of a scenario's faults into the processes of its cluster.

    Args:
        cluster: The processes.
        scenario: Has the initial memory and the limits of the PS.
        ask: Sends a command to a process, by name.
        model_dir: The chief's model directory.
    """

    def __init__(
        self,
        cluster: ClusterProcesses,
        scenario: Scenario,
        ask: Callable[[str, RoleCommand], RoleAnswer],
        model_dir: Path,
    ) -> None:
        self._cluster = cluster
        self._ask = ask
        self._model_dir = model_dir
        self._initial_memory = {
            machine.ps: machine.rss
            for machine in scenario.all_machines()
            if any(_OWN_BYTES < limit < _NO_LIMIT for limit in _limits(scenario, machine))
        }
        self._ledger = FaultLedger()
        self._unread: dict[int, str] = {}
        """By PS, the place of the last change of its memory that no poll has read."""
        self._polls = 0

    def apply_initial_memory(self) -> None:
        """Give each PS the memory of the scenario, if a limit makes it relevant."""
        for ps, rss in self._initial_memory.items():
            self._grow(ps, rss)

    def inject(self, fault: Fault, place: str, polls: int) -> None:
        """Inject a fault, and return once it is in effect."""
        self.polled(polls)
        self._ledger.declare(place)
        match fault:
            case RssFault(rss=at):
                self._grow(at.ps, at.bytes)
                self._unread[at.ps] = place
            case RecoverFault(recover=at):
                self._grow(at.ps, self._initial_memory.get(at.ps, 0))
                self._unread[at.ps] = place
            case AllocateFault(allocate=at):
                _must_have(at.bytes)
                self._ask(f"ps-{at.ps}", RoleCommand(do="allocate", number=at.bytes))
                self._unread[at.ps] = place
            case _:
                self._trigger(fault)
                self._ledger.mark_triggered(place)

    def polled(self, polls: int) -> None:
        """Record the number of the chief's polls; if it has grown, the memory was read."""
        if polls > self._polls:
            self._polls = polls
            for place in self._unread.values():
                self._ledger.mark_triggered(place)
            self._unread.clear()

    def mark_probes(self, struck: dict[str, bool]) -> None:
        """Record which of the chief's probes have raised."""
        for place, did in struck.items():
            if place not in self._ledger.triggered():
                self._ledger.declare(place)
            if did:
                self._ledger.mark_triggered(place)

    def triggered(self) -> dict[str, bool]:
        """Return every declared fault, and whether it was triggered."""
        return self._ledger.triggered()

    def undo(self) -> None:
        """Make the model directory writable again."""
        self._model_dir.chmod(_WRITABLE)

    def _trigger(self, fault: Fault) -> None:
        match fault:
            case KillFault(kill=name):
                self._cluster.kill(name)
            case RestartFault(restart=name):
                self._cluster.restart(name)
                if name == "chief":
                    self._polls = 0
                    self._ask("chief", RoleCommand(do="open"))
            case FreezeFault(freeze=name):
                self._cluster.freeze(name)
            case ThawFault(thaw=name):
                self._cluster.thaw(name)
            case DiskFault(disk=state):
                self._limit_files(0 if state == "full" else resource.RLIM_INFINITY)
            case ModelDirFault(model_dir=state):
                self._model_dir.chmod(_READ_ONLY if state == "read_only" else _WRITABLE)

    def _limit_files(self, size: int) -> None:
        """Make the chief's writes beyond this file size fail, as on a full disk."""
        pid = self._cluster.processes["chief"].pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))

    def _grow(self, ps: int, resident: int) -> None:
        _must_have(resident)
        self._ask(f"ps-{ps}", RoleCommand(do="grow", number=resident))


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
        raise ShortOfMemoryError(f"needs a PS of {size} bytes; {most} are available here")
