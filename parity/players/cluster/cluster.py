"""The processes of one run: their start, their faults and their end."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

from parity.players.cluster.processes import RoleProcess, Zygote
from parity.players.cluster.wire import JobName, Setting, TimestampedEvent, scenario_document
from parity.spec.scenario import Scenario

LOOPBACK: Final = "127.0.0.1"


class HeldPorts:
    """Ports that are reserved for this process's servers.

    TensorFlow's servers need all addresses before the first of them starts. Each port is
    bound here with SO_REUSEPORT and never listened on. So the system doesn't give it to
    another process that requests any free port, no connection arrives here, and a server of
    ours that also sets SO_REUSEPORT (``TF_GRPC_REUSE_PORT``) can listen on it, including one
    that is restarted after a kill.

    It is bound on every address, since those servers listen on every address: a port held on
    127.0.0.1 alone could become the local one of somebody's connection to ::1, and then no
    server starts.
    """

    def __init__(self, count: int) -> None:
        family, anywhere = _every_address()
        self._sockets: list[socket.socket] = []
        for _ in range(count):
            held = socket.socket(family)
            self._sockets.append(held)
            if family == socket.AF_INET6:
                held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind((anywhere, 0))

    def addresses(self) -> tuple[str, ...]:
        """Return ``127.0.0.1:port`` of each port."""
        return tuple(f"{LOOPBACK}:{held.getsockname()[1]}" for held in self._sockets)

    def close(self) -> None:
        """Release the ports."""
        for held in self._sockets:
            held.close()


def _every_address() -> tuple[socket.AddressFamily, str]:
    """Return the family and the address that stand for all of this machine's addresses."""
    if socket.has_dualstack_ipv6():
        return socket.AF_INET6, "::"
    return socket.AF_INET, "0.0.0.0"  # noqa: S104 - nobody listens


_FUNCTIONS: Final[dict[JobName, str]] = {
    "ps": "parity.players.cluster.roles:run_ps",
    "chief": "parity.players.cluster.roles:run_chief",
    "worker": "parity.players.cluster.roles:run_worker",
}


Addresses = Mapping[JobName, tuple[str, ...]]
"""The addresses of TensorFlow's servers by job, as one process knows them."""


def role_name(job: JobName, task: int) -> str:
    """Return the name of a process, as scenarios have it: the chief is worker 0."""
    return {"ps": f"ps-{task}", "chief": "chief", "worker": f"worker-{task + 1}"}[job]


class ClusterProcesses:
    """PS, chief and workers by name: ``ps-0``, ``chief``, ``worker-1``.

    It is a context manager: on every way out all processes are killed and reaped, and all
    ports released.

    Args:
        scenario: Has the number of processes of each job, and their arguments.
        zygote: Starts the processes.
        model_dir: The chief's model directory.
        pace: Seconds of the scenario in a real second.
        limit: Real seconds that a start may take.
        take: Called with each event, on any thread.
        seen_by: Returns the addresses that a process is told, by its name; by default the
            servers' own.
    """

    def __init__(
        self,
        scenario: Scenario,
        zygote: Zygote,
        model_dir: Path,
        pace: float,
        limit: float,
        take: Callable[[TimestampedEvent], None],
        *,
        seen_by: Callable[[str, Addresses], Addresses] = lambda _, addresses: addresses,
    ) -> None:
        self._scenario = scenario
        self._zygote = zygote
        self._model_dir = model_dir
        self._pace = pace
        self._limit = limit
        self._take = take
        self._seen_by = seen_by
        self.began_ns: Final = time.monotonic_ns()
        counts: dict[JobName, int] = {
            "ps": scenario.cluster.ps,
            "chief": 1,
            "worker": scenario.cluster.workers - 1,
        }
        self._ports = HeldPorts(sum(counts.values()))
        free = iter(self._ports.addresses())
        self._addresses = {
            job: tuple(next(free) for _ in range(count)) for job, count in counts.items() if count
        }
        self.processes: dict[str, RoleProcess] = {}
        self.down: set[str] = set()
        """The processes that the scenario has killed or stopped."""

    def __enter__(self) -> ClusterProcesses:
        try:
            for job, addresses in self._addresses.items():
                for task in range(len(addresses)):
                    self._start(job, task)
            for process in self.processes.values():
                process.wait_for_start(self._limit)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def kill(self, name: str) -> None:
        """Kill a process with SIGKILL, and return once it has ended."""
        self.down.add(name)
        self.processes[name].kill()

    def restart(self, name: str) -> None:
        """Start a process in place of one that was killed, and return once it is ready.

        One that is there is killed first: whoever supervises it may have been faster.
        """
        self.processes[name].kill()
        job, _, index = name.partition("-")
        if job == "chief":
            self._start("chief", 0)
        else:
            self._start("ps", int(index)) if job == "ps" else self._start("worker", int(index) - 1)
        self.processes[name].wait_for_start(self._limit)
        self.down.discard(name)

    def freeze(self, name: str) -> None:
        """Stop a process with SIGSTOP."""
        self.down.add(name)
        self.processes[name].signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Continue a process with SIGCONT."""
        self.processes[name].signal(signal.SIGCONT)
        self.down.discard(name)

    def addresses(self) -> tuple[str, ...]:
        """Return the addresses of TensorFlow's servers."""
        return self._ports.addresses()

    def running(self) -> list[RoleProcess]:
        """Return the processes that are neither dead nor stopped.

        Raises:
            ProcessLostError: One has ended by itself.
        """
        up = [process for name, process in self.processes.items() if name not in self.down]
        for process in up:
            if process.is_gone:
                raise process.lost()
        return up

    def _start(self, job: JobName, task: int) -> None:
        name = role_name(job, task)
        setting = Setting(
            job=job,
            task=task,
            addresses=dict(self._seen_by(name, self._addresses)),
            model_dir=str(self._model_dir),
            pace=self._pace,
            began_ns=self.began_ns,
        )
        args: list[object] = [setting.model_dump(mode="json")]
        if job != "ps":
            args.append(scenario_document(self._scenario))
        self.processes[name] = RoleProcess(name, self._zygote, _FUNCTIONS[job], args, self._take)

    def _end(self) -> None:
        for process in self.processes.values():
            process.kill()
        self._ports.close()
