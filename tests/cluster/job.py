"""A job on a real cluster that trains until it is told otherwise, and can be hurt meanwhile."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import tensorflow as tf

from monolith_hooks.server import client_lib, service_pb2
from parity.base import project
from parity.base.model import frozen
from parity.players.cluster.cluster import ClusterProcesses
from parity.players.cluster.processes import ProcessLostError, Zygote
from parity.players.cluster.wire import RoleCommand, TimestampedEvent
from parity.spec.scenario import Scenario
from parity.spec.trace import ReportEvent, StepEvent

BOUND = 30.0
"""Seconds in which a job goes on after anything was killed and started again (docs/cluster.md)."""
FOR_EVER = 1_000_000


def scenario(ps: int, workers: int, **keys: object) -> Scenario:
    document = {
        "about": "a job",
        "cluster": {"ps": ps, "workers": workers},
        "steps": [{"train": FOR_EVER}],
        "expect": {"reports": 0},
        **keys,
    }
    return Scenario.model_validate(frozen(document))


def until(condition: Callable[[], bool], what: str, limit: float = BOUND) -> float:
    """Look every 10 ms until it holds; the seconds that it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + limit, f"{what}: not within {limit} s"
        time.sleep(0.01)
    return time.monotonic() - began


def start(command: list[str], **streams: Any) -> subprocess.Popen[str]:
    """A process that Ctrl-C ends, also where whoever runs the tests is told to ignore it."""
    return subprocess.Popen(
        ["env", "--default-signal=INT", *command], cwd=project.ROOT, text=True, **streams
    )


class Job:
    """Use it in a ``with``."""

    def __init__(self, zygote: Zygote, model_dir: Path, job: Scenario, pace: float = 1.0) -> None:
        self.model_dir = model_dir
        self.reports: list[ReportEvent] = []
        self.steps: dict[int, list[int]] = {}
        self.cluster = ClusterProcesses(job, zygote, model_dir, pace, 60, self._take)
        self.workers = range(1, job.cluster.workers)

    def __enter__(self) -> Job:
        self.cluster.__enter__()
        try:
            self.ask("chief", RoleCommand(do="open"))
        except BaseException:
            self.cluster.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.cluster.__exit__(None, None, None)

    def ask(self, name: str, command: RoleCommand) -> None:
        answer = self.cluster.processes[name].ask(command, 60)
        assert answer.refused is None

    def train(self, name: str, steps: int = FOR_EVER) -> None:
        """Have it train; a chief does so as long as it lives, on a thread of ours."""
        if name == "chief":
            threading.Thread(target=self._train_chief, daemon=True).start()
        else:
            self.ask(name, RoleCommand(do="train", number=steps))

    def restart(self, name: str) -> None:
        self.cluster.restart(name)
        if name == "chief":
            self.ask("chief", RoleCommand(do="open"))

    def call(self, method: str, timeout: float = BOUND):
        stub = client_lib.get_stub_from_model_dir(str(self.model_dir))
        request = getattr(service_pb2, f"{method}Request")()
        return getattr(stub, method)(request, timeout=timeout)

    def global_step(self) -> int | None:
        """None while nobody can say."""
        try:
            return self.call("GetTrainingStatus", timeout=2).global_step
        except grpc.RpcError:
            return None

    def saved_step(self) -> int:
        """The step that the newest checkpoint really holds."""
        newest = tf.train.latest_checkpoint(str(self.model_dir))
        assert newest is not None
        return int(tf.train.load_checkpoint(newest).get_tensor("global_step"))

    def steps_taken(self) -> int:
        return sum(map(len, self.steps.values()))

    def pids(self) -> list[int]:
        return [process.pid for process in self.cluster.processes.values()]

    def _train_chief(self) -> None:
        process = self.cluster.processes["chief"]
        try:
            process.ask(RoleCommand(do="step", number=0), 3600)
        except ProcessLostError:
            return  # It was killed.

    def _take(self, happened: TimestampedEvent) -> None:
        event = happened.event
        if isinstance(event, StepEvent):
            self.steps.setdefault(event.worker, []).append(event.global_step)
        elif isinstance(event, ReportEvent):
            self.reports.append(event)
