"""The player ``python``: monolith_hooks on real TensorFlow and gRPC, in this process.

PS machines are fake and time is virtual; everything else is real.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import tensorflow as tf
from absl.testing import flagsaver

from fakes.machines import FakeMachines
from fakes.ps import FakePs
from fakes.scheduler import DeadlockError, StalledError
from fakes.turns import ScheduleError
from fakes.virtual_clock import VirtualClock
from monolith_hooks.clock import Clock
from parity.base import project
from parity.kit.machines import fake_servers
from parity.kit.model_folder import model_folder
from parity.kit.player import Play, choices_of, refusal_of
from parity.kit.state_files import StateFiles
from parity.kit.unplayable import Unplayable
from parity.kit.world import World, declared_faults
from parity.players.environment import plain_umask
from parity.players.outcome import (
    IN_VIRTUAL_TIME,
    WITH_OPTIONS,
    Failed,
    Maker,
    Outcome,
    Played,
    Refusal,
)
from parity.players.python.implementation import OURS, Implementation
from parity.players.python.job import TensorFlowJob
from parity.players.python.job_hooks import HealthOps
from parity.players.python.recorder import Recorder, hook_logs_go_to
from parity.players.python.reference_job import ReferenceJob
from parity.players.python.stage import Stage, local_config
from parity.spec.faults import Need
from parity.spec.hooks import PsHealth, PsHealthEntry
from parity.spec.loading import ScenarioFile
from parity.spec.scenario import Scenario
from parity.spec.schedules import Schedule
from parity.spec.trace import CHANNELS, Trace

PLAY_SECONDS: Final = 60.0
"""Real seconds that a play may take by default."""


class PythonPlayer:
    """Player of scenarios on the reference implementation.

    Args:
        implementation: The hooks that are played.
        limit: Real seconds that a play may take.
    """

    name = "python"
    channels = CHANNELS

    def __init__(self, implementation: Implementation = OURS, limit: float = PLAY_SECONDS) -> None:
        self._implementation = implementation
        self._limit = limit

    @property
    def can(self) -> frozenset[Need]:
        """What it can, which is less with hooks of somebody else's, as they have no options."""
        return IN_VIRTUAL_TIME if self._implementation.foreign else WITH_OPTIONS

    def play(
        self, file: ScenarioFile, seed: int | None = None, schedule: Schedule | None = None
    ) -> Outcome:
        """Play one scenario in virtual time."""
        clock = VirtualClock(seed=seed, schedule=schedule, limit=self._limit)
        with model_folder() as folder, _steps_may_wrap():
            try:
                with interrupt_afterwards(), plain_umask(), self._implementation.playing(clock):
                    trace = clock.run(
                        lambda: _play(file.scenario, clock, folder, self._implementation)
                    )
            except (Unplayable, DeadlockError, StalledError, ScheduleError) as error:
                refusal = Refusal(*refusal_of(error))
                return Failed("refused", str(error), choices=choices_of(clock), refusal=refusal)
            finally:
                tf.compat.v1.summary.FileWriterCache.clear()
        by = Maker(
            implementation=self._implementation.name, language="python", version=project.version()
        )
        return Played(trace, by=by, choices=choices_of(clock))

    def close(self) -> None:
        """Do nothing, as no resources are held between runs."""


@contextlib.contextmanager
def _steps_may_wrap() -> Iterator[None]:
    """Let a step beyond int64 wrap, as TensorFlow does, without a word from numpy."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "overflow encountered", RuntimeWarning)
        yield


def player_of(file: Path, tell: Callable[[str], None], limit: float = PLAY_SECONDS) -> PythonPlayer:
    """Return the player of the hooks that a file names (docs/your-own-hooks.md).

    ``limit`` is in real seconds per play.

    Raises:
        UsageError: The file, or a module that it names, can't be read.
    """
    from parity.players.python.foreign.hooks_file import load  # noqa: PLC0415 - imports theirs

    return PythonPlayer(load(file, tell), limit)


def _play(
    scenario: Scenario, clock: VirtualClock, model_dir: Path, implementation: Implementation
) -> Trace:
    with (
        tf.Graph().as_default(),
        flagsaver.flagsaver(monolith_default_machine_info_mem_limit=scenario.default_mem_limit),
    ):
        ledger = declared_faults(scenario)
        servers = fake_servers(scenario, clock, ledger)
        job = TensorFlowJob(
            scenario,
            clock,
            ledger,
            model_dir,
            Stage(
                lambda options: _health_ops(servers, clock, options),
                local_config(_waiting_ops(scenario)),
            ),
            lambda barrier_op: Recorder(clock, barrier_op, model_dir, StateFiles(model_dir)),
            implementation,
        )
        recorder = job.recorder
        limit = scenario.default_mem_limit
        world = World(clock, recorder, ledger, model_dir, servers, limit)
        with hook_logs_go_to(recorder, implementation), job.files.installed():
            reference = ReferenceJob(job, model_dir)
            try:
                Play(scenario, world, reference).run()
            finally:
                reference.give_back()
                recorder.let_files_go()
        return Trace.of(recorder.events, ledger.triggered())


def _waiting_ops(scenario: Scenario) -> int:
    """Return the number of health ops that can wait at the same time: one of each hook."""
    return sum(isinstance(hook, PsHealthEntry) for hook in scenario.hooks)


def _health_ops(machines: Sequence[FakePs], clock: Clock, options: PsHealth) -> HealthOps:
    def deadline() -> int | None:
        resilient = options.resilient
        return None if resilient is None else clock.now_ns() + resilient.poll_deadline * 10**6

    fake = FakeMachines(machines, deadline)
    return HealthOps(
        num_ps=len(machines),
        ps_device_fn=lambda _: "",
        machine_info=fake.machine_info,
        check_machine_health=fake.check_machine_health,
    )


@contextlib.contextmanager
def interrupt_afterwards() -> Iterator[None]:
    """Delay a Ctrl-C until the end of the block; a second one takes effect at once.

    During a run it would be recorded as an exception of the scenario, and the run would
    continue. A run takes milliseconds.

    Raises:
        KeyboardInterrupt: There was a Ctrl-C; it is raised at the end of the block.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread gets signals.
        return
    pressed = False
    before = signal.getsignal(signal.SIGINT)  # A Ctrl-C can come before signal.signal returns it.

    def note(signum: int, frame: object) -> None:  # noqa: ARG001 - as signal handlers are called
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
