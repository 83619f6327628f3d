"""A job that trains on a real cluster while things happen to it."""

from __future__ import annotations

import resource
import threading
from pathlib import Path
from typing import Final

import tensorflow as tf

from monolith_hooks.server.address_file import read_server_addr
from monolith_hooks.server.addresses import split_addr
from parity.base.model import frozen
from parity.campaign.history import Happened, HistoryRecorder, TakenStep
from parity.campaign.links import Links
from parity.campaign.plan import (
    LINKS,
    POLL,
    POLL_DEADLINE,
    PROCESSES,
    PS,
    UNREACHABLE_AFTER,
    WORKERS,
    HookSetup,
    PlannedFault,
)
from parity.players.cluster.cluster import Addresses, ClusterProcesses, role_name
from parity.players.cluster.processes import (
    ProcessLostError,
    RoleProcess,
    RoleTimeoutError,
    Zygote,
)
from parity.players.cluster.wire import RoleCommand, TimestampedEvent
from parity.spec.scenario import Scenario
from parity.spec.trace import (
    RaisedEvent,
    ReportEvent,
    SaveEvent,
    SaveFailedEvent,
    SessionEvent,
    StepEvent,
)

_FOR_EVER: Final = 1_000_000
_START_SECONDS: Final = 60.0
_OPEN_SECONDS: Final = 120.0
_SCENARIO_POLL_SECONDS: Final = 30
_PACE: Final = _SCENARIO_POLL_SECONDS * 1_000_000 / POLL
_LIMIT: Final = 640 << 20
"""The memory of a PS: more than it has by itself, which is about 400 MB."""
_TOO_MUCH: Final = 768 << 20


def scenario_of(setup: HookSetup) -> Scenario:
    """Return the job of a setup, as the cluster's roles take it."""
    listeners = {"listeners": ["barrier"]} if setup == "default" else {"guards": ["barrier"]}
    health: dict[str, object] = {}
    if setup == "options":
        deadline = f"{POLL_DEADLINE // 1000}ms"
        health = {"resilient": {"poll_deadline": deadline, "unreachable_after": UNREACHABLE_AFTER}}
    document = {
        "about": "a job under attack",
        "cluster": {"ps": PS, "workers": WORKERS},
        "machines": [{"ps": ps, "mem_limit": _LIMIT} for ps in range(PS)],
        "barrier": {"held": setup == "options"},
        "hooks": [{"ps_health": health}, {"saver": listeners}, {"server": {}}],
        "steps": [{"train": _FOR_EVER}],
        "expect": {"reports": 0},
    }
    return Scenario.model_validate(frozen(document))


class Training:
    """The job. It is a context manager, which starts its processes and kills them.

    Concurrency. A fault's thread kills a process and starts it again, and so does a thread of this
    object's when an error has ended the process's training, unless a fault has it down. Whoever
    starts a process holds the lock of its name from the look at what is there until it is ready.

    Args:
        zygote: Starts the processes.
        model_dir: The directory of checkpoints and of the controller's address.
        setup: The job's hooks.
        links: Where connections pass.
    """

    def __init__(self, zygote: Zygote, model_dir: Path, setup: HookSetup, links: Links) -> None:
        self._model_dir = model_dir
        self._links = links
        self._cluster = ClusterProcesses(
            scenario_of(setup),
            zygote,
            model_dir,
            _PACE,
            _START_SECONDS,
            self._take,
            seen_by=self._seen_by,
        )
        self.recorder: Final = HistoryRecorder(self._cluster.began_ns)
        self._ended = threading.Event()
        self._starting: Final = {name: threading.Lock() for name in PROCESSES}
        self._controller = links.proxy(LINKS[-1], self._controller_address)

    def __enter__(self) -> Training:
        self._cluster.__enter__()
        try:
            self._open_chief()
            for name in self._cluster.processes:
                if name.startswith("worker"):
                    self._train_worker(name)
            self._train_chief()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._cluster.__exit__(None, None, None)

    @property
    def controller(self) -> str:
        """The address at which operators reach the controller."""
        return self._controller

    def pids(self) -> list[int]:
        """Return the processes that run now."""
        return [process.pid for process in self._cluster.processes.values()]

    def addresses(self) -> tuple[str, ...]:
        """Return where TensorFlow's servers listen."""
        return self._cluster.addresses()

    def newest_checkpoint(self) -> int | None:
        """Return the step in the name of the newest checkpoint."""
        newest = tf.train.latest_checkpoint(str(self._model_dir))
        return None if newest is None else int(newest.rpartition("-")[2])

    def restorable_step(self) -> int | None:
        """Return the global step that the newest checkpoint really holds."""
        newest = tf.train.latest_checkpoint(str(self._model_dir))
        if newest is None:
            return None
        return int(tf.train.load_checkpoint(newest).get_tensor("global_step"))

    def begin(self, fault: PlannedFault) -> None:
        """Do what a fault does."""
        target = fault.target
        match fault.trouble:
            case "kill":
                self._cluster.kill(target)
            case "stop":
                self._cluster.freeze(target)
            case "memory":
                self._ask(target, RoleCommand(do="grow", number=_TOO_MUCH))
            case "full_disk":
                self._limit_files(0)
            case "cut" | "stall" | "slow":
                self._links.set(target, fault.trouble)

    def mend(self, fault: PlannedFault) -> None:
        """Undo it; what was killed is started again, and begins to train when it can."""
        target = fault.target
        match fault.trouble:
            case "kill":
                self._restart(target)
            case "stop":
                if target in self._cluster.down:
                    self._cluster.thaw(target)
            case "memory":
                self._ask(target, RoleCommand(do="grow", number=0))
            case "full_disk":
                self._limit_files(resource.RLIM_INFINITY)
            case "cut" | "stall" | "slow":
                self._links.set(target, "open")

    def _restart(self, name: str) -> None:
        with self._starting[name]:
            self._start_again(name)

    def _start_again(self, name: str) -> None:
        """Start a process and have it train, with its lock held."""
        self._cluster.restart(name)
        self.recorder.add(Happened(what="restarted", at=self.recorder.now(), of=name))
        if name == "chief":
            threading.Thread(target=self._revive_chief, daemon=True).start()
        elif name.startswith("worker"):
            self._train_worker(name)

    def _revive_chief(self) -> None:
        """Open its session, which waits for PS that are gone, and train."""
        try:
            self._open_chief()
        except (ProcessLostError, RoleTimeoutError):
            return  # It was killed again, or the run is over.
        self._train_chief()

    def _open_chief(self) -> None:
        self._cluster.processes["chief"].ask(RoleCommand(do="open"), _OPEN_SECONDS)

    def _train_chief(self) -> None:
        threading.Thread(target=self._while_chief_trains, daemon=True).start()

    def _while_chief_trains(self) -> None:
        process = self._cluster.processes["chief"]
        try:
            process.ask(RoleCommand(do="step", number=0), 3600)
        except ProcessLostError:
            return  # It was killed; whoever did so starts it again.
        self._replace(process)

    def _replace_later(self, name: str) -> None:
        process = self._cluster.processes[name]
        threading.Thread(target=self._replace, args=(process,), daemon=True).start()

    def _replace(self, process: RoleProcess) -> None:
        """Start a process again that an error has ended, as whoever supervises a job does."""
        name = process.name
        with self._starting[name]:
            is_there = self._cluster.processes[name] is process and name not in self._cluster.down
            if is_there and not self._ended.is_set():
                self._start_again(name)

    def _train_worker(self, name: str) -> None:
        self._ask(name, RoleCommand(do="train", number=_FOR_EVER))

    def _ask(self, name: str, command: RoleCommand) -> None:
        self._cluster.processes[name].ask(command, _START_SECONDS)

    def _limit_files(self, size: int) -> None:
        pid = self._cluster.processes["chief"].pid
        try:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
        except ProcessLookupError:
            return  # It has been killed; another one has no limit.

    def _controller_address(self) -> tuple[str, int]:
        try:
            return split_addr(read_server_addr(str(self._model_dir)))
        except (tf.errors.OpError, ValueError) as error:
            raise ConnectionRefusedError(str(error)) from None

    def _seen_by(self, name: str, addresses: Addresses) -> Addresses:
        """Return the addresses as one process has them: its own, and proxies of the others."""
        return {
            job: tuple(
                self._address_for(name, role_name(job, task), address)
                for task, address in enumerate(of_job)
            )
            for job, of_job in addresses.items()
        }

    def _address_for(self, name: str, other: str, address: str) -> str:
        host, port = split_addr(address)
        for link in (f"{name} {other}", f"{other} {name}"):
            if link in LINKS:
                return self._links.proxy(link, lambda: (host, port))
        return address

    def _take(self, happened: TimestampedEvent) -> None:
        event, at = happened.event, self.recorder.micros(happened.at)
        match event:
            case StepEvent():
                self.recorder.add(TakenStep(worker=event.worker, step=event.global_step, at=at))
            case SessionEvent(state="created"):
                self.recorder.add(Happened(what="session", at=at, of="chief"))
            case ReportEvent():
                ps = tuple(result.ps for result in event.results)
                self.recorder.add(Happened(what="report", at=at, of="chief", ps=ps))
            case SaveEvent():
                self.recorder.add(Happened(what="save", at=at, of="chief", step=event.step))
            case SaveFailedEvent():
                self.recorder.add(Happened(what="save_failed", at=at, of="chief", step=event.step))
            case RaisedEvent():
                self.recorder.add(Happened(what="raised", at=at, of=event.lane))
                if event.lane in self._cluster.processes:
                    self._replace_later(event.lane)
            case _:
                pass
