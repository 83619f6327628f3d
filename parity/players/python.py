"""The player ``python``: monolith_hooks on real TensorFlow and gRPC, in this process.

PS machines are fake and time is virtual; everything else is the real thing.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from fakes import faults as ps_faults
from fakes.faults import FaultLedger
from fakes.lane_pool import CONCURRENT_PREFIX
from fakes.virtual_clock import DeadlockError, StalledError, VirtualClock
from parity.faults import (
    Fault,
    HealthBytesFault,
    PollErrorFault,
    RecoverFault,
    RssFault,
    SaveErrorFault,
    SlowPollFault,
    SlowSaveFault,
)
from parity.loading import ScenarioFile
from parity.players.job import Job, SessionLeftError
from parity.players.operator import Operator
from parity.players.outcome import Failed, Outcome, Played
from parity.scenario import Scenario
from parity.steps import (
    AdvanceStep,
    ConcurrentlyStep,
    EndStep,
    FaultStep,
    RaiseStep,
    RpcStep,
    Step,
    TrainStep,
    WorkerStep,
)
from parity.trace import FilesEvent, Trace

_CHECKPOINT = re.compile(r"(model\.ckpt-\d+)\..*")


class PythonPlayer:
    """Plays scenarios on the reference implementation."""

    name = "python"

    def play(self, file: ScenarioFile, seed: int | None = None) -> Outcome:
        """Play one scenario in virtual time."""
        clock = VirtualClock(seed=seed)
        with tempfile.TemporaryDirectory(prefix="parity-") as folder:
            try:
                trace = clock.run(lambda: _play(file.scenario, clock, Path(folder)))
            except (
                SessionLeftError,
                DeadlockError,
                StalledError,
                tf.errors.NotFoundError,
            ) as error:
                return Failed("refused", str(error))
            finally:
                tf.compat.v1.summary.FileWriterCache.clear()
        return Played(trace)

    def close(self) -> None:
        """Nothing is held between plays."""


def _play(scenario: Scenario, clock: VirtualClock, model_dir: Path) -> Trace:
    with tf.Graph().as_default():
        return _Play(scenario, clock, model_dir).run()


class _Play:
    """One scenario being played, on the lane ``main``."""

    def __init__(self, scenario: Scenario, clock: VirtualClock, model_dir: Path) -> None:
        self._scenario = scenario
        self._clock = clock
        self._model_dir = model_dir
        self._ledger = FaultLedger()
        self._job = Job(scenario, clock, self._ledger, model_dir)
        self._operator = Operator(clock, self._job.recorder, model_dir)

    def run(self) -> Trace:
        for i, fault in enumerate(self._scenario.faults):
            self._inject(fault, f"faults[{i}]")
        self._job.open()
        self._clock.settle()
        for i, step in enumerate(self._scenario.steps):
            try:
                self._do(step, i)
            except SessionLeftError as error:
                key = next(iter(step.model_dump(by_alias=True)))
                raise SessionLeftError(f"steps[{i}]: {key}: {error}") from None
            self._clock.settle()
        if self._job.is_open:
            self._job.close()
        recorder = self._job.recorder
        recorder.record(FilesEvent, left=tuple(_files_left(self._model_dir)))
        recorder.threads_left()
        return Trace.of(recorder.events, self._ledger.struck())

    def _do(self, step: Step, i: int) -> None:
        match step:
            case TrainStep():
                self._job.train(step.train)
            case AdvanceStep():
                self._clock.sleep(step.advance / 1000)
            case FaultStep():
                self._inject(step.fault, f"steps[{i}].fault")
            case RpcStep():
                self._operator.call(step.rpc)
            case WorkerStep():
                self._job.train_worker(step.worker.index, step.worker.train)
            case ConcurrentlyStep():
                self._do_concurrently(step, i)
            case RaiseStep():
                self._job.raise_in_body(step.raise_)
            case EndStep():
                self._job.close()

    def _do_concurrently(self, step: ConcurrentlyStep, i: int) -> None:
        branches = [
            self._clock.start_lane(
                lambda branch=branch: self._do(branch, i),  # type: ignore[misc]
                f"{CONCURRENT_PREFIX}{i}",
            )
            for branch in step.concurrently
        ]
        self._clock.wait_until(lambda: all(branch.ended for branch in branches))
        for branch in branches:
            if branch.error is not None:
                raise branch.error

    def _inject(self, fault: Fault, place: str) -> None:
        self._ledger.declare(place)
        ps: Any = self._job.machines
        saver = self._job.saver
        match fault:
            case RssFault(rss=at):
                ps[at.ps].inject(ps_faults.Rss(at.bytes), place)
            case HealthBytesFault(health_bytes=at):
                ps[at.ps].inject(ps_faults.HealthBytes(bytes.fromhex(at.hex)), place)
            case PollErrorFault(poll_error=at):
                ps[at.ps].inject(ps_faults.PollError(), place)
            case SlowPollFault(slow_poll=at):
                ps[at.ps].inject(ps_faults.SlowPoll(at.takes / 1000), place)
            case RecoverFault(recover=at):
                ps[at.ps].inject(ps_faults.Recovered(), place)
            case SaveErrorFault(save_error=at):
                saver.fail(at.error, at.message, at.times, place)
            case SlowSaveFault(slow_save=at):
                saver.be_slow(at.takes / 1000, place)


def _files_left(model_dir: Path) -> list[str]:
    """The canonical names (docs/trace-format.md)."""
    left = set()
    for path in model_dir.iterdir():
        if path.name in {"checkpoint", "controller_server_addr.txt"}:
            left.add(path.name)
        elif match := _CHECKPOINT.fullmatch(path.name):
            left.add(match[1])
    return sorted(left)
