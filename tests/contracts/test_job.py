"""Whole jobs on the system's clock, with intervals of milliseconds: hooks, threads and sockets."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf

from fakes.faults import FaultLedger, Rss
from fakes.machines import FakeMachines
from fakes.ps import FakePs
from monolith_hooks import logging_ops
from monolith_hooks.action_files import ACTION_FILENAME, RESPONSE_FILENAME
from monolith_hooks.barrier_ops import BarrierHook, BarrierOp
from monolith_hooks.ckpt_hooks import BarrierSaverListener
from monolith_hooks.controller_hooks import ControllerHook, QueryActionHook, StopHelper
from monolith_hooks.net_utils import NodeAliveChecker
from monolith_hooks.ps_check_hooks import (
    Config,
    PsHealthCheckerHook,
    get_ps_machine_info_shared_name,
)
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server import service_pb2
from monolith_hooks.server.client_lib import get_stub_from_model_dir
from monolith_hooks.server.server_lib import ServerHook
from tests.contracts.stages import MS, SystemStage

tf1 = tf.compat.v1

GIB = 1 << 30


class Job:
    """A chief's session with all hooks, one worker on a thread, and an operator who calls."""

    def __init__(self, stage: SystemStage, model_dir: Path, config: Any, **options: Any) -> None:
        self.stage, self.clock = stage, stage.clock
        self.model_dir = model_dir
        self._config = config
        self._master = options.get("master", "")
        self.reports: list[dict[int, str]] = []
        self.callbacks: list[Any] = [lambda *_: None]
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.barrier = BarrierOp(
            2, wait_seconds=MS, barrier_callbacks=self.callbacks, clock=self.clock
        )
        self.saver_hook = NoFirstSaveCheckpointSaverHook(
            str(model_dir), save_secs=10**6, clock=self.clock, listeners=options.get("listeners")
        )
        self.server_hook = ServerHook(
            str(model_dir),
            self.barrier,
            self.saver_hook,
            clock=self.clock,
            server_addr=lambda port: f"localhost:{port}",
            grace_seconds=options.get("grace_seconds", 20),
        )
        self.hooks: list[Any] = [self.saver_hook, self.server_hook, BarrierHook(0, self.barrier)]

    def watch(self, **ops: Any) -> None:
        """Add the health hook for two PS; a report is kept by index and message."""
        config = Config(
            self.barrier,
            2,
            ps_device_fn=lambda index: f"/device:CPU:{index}",
            report_fn=lambda results: self.reports.append(
                {index: result.message for index, result in results.items()}
            ),
        )
        hook = PsHealthCheckerHook(config, clock=self.clock, poll_seconds=MS, **ops)
        self.hooks.insert(0, hook)

    def __enter__(self) -> Job:
        creator = tf1.train.ChiefSessionCreator(master=self._master, config=self._config)
        self.session = tf1.train.MonitoredSession(creator, self.hooks).__enter__()
        self.raw = self.session._tf_sess()
        self.stub = get_stub_from_model_dir(str(self.model_dir))
        return self

    def __exit__(self, *raised: Any) -> Any:
        return self.session.__exit__(*raised)

    def run(self) -> int:
        return int(self.session.run(self.step))

    def call(self, method: str) -> Any:
        request = getattr(service_pb2, f"{method}Request")()
        return self.stage.call(getattr(self.stub, method), request)

    def blocked(self) -> list[int]:
        return list(self.call("GetBlockStatus").blocked_indices)

    def worker(self) -> Any:
        """Start worker 1, which waits at the barrier and then ends."""
        return self.clock.start_thread(
            lambda: self.barrier.wait_until_barrier_removed(self.raw, 1), name="worker-1"
        )

    def bring_worker_once(self, action: str) -> None:
        """Start the worker when the barrier is placed with this action for the first time."""
        seen: list[str] = []

        def callback(placed: str, session: Any) -> None:
            seen.append(placed)
            if seen == [action]:
                self.worker()

        self.callbacks.append(callback)


@pytest.fixture
def stage(system_stage):
    return system_stage


@pytest.fixture
def job(stage, tmp_path, config):
    config.device_count["CPU"] = 2
    with tf.Graph().as_default():
        yield Job(stage, tmp_path, config)


def names(stage):
    return [thread.name for thread in stage.clock.threads]


@pytest.mark.covers("B8a", "B9a")
def test_a_real_device_without_memory_is_reported_once_and_the_workers_are_held(
    stage, tmp_path, config
):
    config.device_count["CPU"] = 2
    server = tf.distribute.Server.create_local_server(config)
    for index, limit in enumerate([2**62, 7]):
        with tf.Graph().as_default(), tf.device(f"/device:CPU:{index}"):
            info = logging_ops.machine_info(limit, get_ps_machine_info_shared_name(index))
            with tf1.Session(server.target) as session:
                session.run(info.op)
    with tf.Graph().as_default():
        job = Job(stage, tmp_path, None, master=server.target)
        job.watch()
        with job:
            stage.until(lambda: job.blocked() == [0])
            worker = job.worker()
            stage.until(lambda: job.blocked() == [0, 1])
            assert [list(report) for report in job.reports] == [[1]]
            assert job.reports[0][1].endswith(", Limit: 7")
            assert [job.run(), job.run()] == [1, 2]
            job.call("ResumeTraining")
            stage.until(lambda: not worker.is_alive())
            assert not job.session.should_stop()
        assert len(job.reports) == 1
    assert (names(stage), stage.deaths()) == (["ps_health", "worker-1"], [])


def test_machines_are_polled_until_one_is_sick_and_no_more(stage, job):
    fakes = [FakePs(job.clock, FaultLedger(), GIB) for _ in range(2)]
    for fake in fakes:
        fake.create_machine_info(2 * GIB)
    machines = FakeMachines(fakes)
    polls = []

    def counted(info):
        with tf.control_dependencies([tf.numpy_function(lambda: polls.append(1), [], [])]):
            return machines.check_machine_health(info)

    job.watch(machine_info=machines.machine_info, check_machine_health=counted)
    with job:
        stage.until(lambda: len(polls) >= 10)
        assert (job.reports, job.blocked()) == ([], [])
        fakes[0].inject(Rss(3 * GIB), "a fault")
        stage.until(lambda: job.blocked() == [0])
        assert job.reports == [{0: f"Memory limit exceeded. Current: {3 * GIB}, Limit: {2 * GIB}"}]
        seen = len(polls)
        job.call("ResumeTraining")
        job.clock.sleep(10 * MS)
        assert (len(polls), len(job.reports), job.blocked()) == (seen, 1, [])
    assert stage.deaths() == []


def test_an_operator_stops_resumes_and_saves(stage, job):
    with job:
        assert job.run() == 1
        job.call("StopTraining")
        worker = job.worker()
        stage.until(lambda: job.blocked() == [0, 1])
        assert job.call("GetTrainingStatus").global_step == 1
        job.call("SaveCheckpoint")
        assert worker.is_alive()
        job.call("ResumeTraining")
        stage.until(lambda: job.blocked() == [])
        stage.until(lambda: not worker.is_alive())
        assert job.run() == 2
    checkpoints = tf.train.get_checkpoint_state(str(job.model_dir)).all_model_checkpoint_paths
    assert [path.rpartition("-")[2] for path in checkpoints] == ["1", "2"]


def test_a_save_holds_the_worker_while_it_writes(stage, job):
    written = []

    class Written(tf1.train.CheckpointSaverListener):
        def after_save(self, session, global_step_value):
            written.append((global_step_value, job.barrier.get_blocked_indices(session)))

    listener = BarrierSaverListener(
        job.barrier, wait_seconds=MS, max_pending_seconds=60, clock=job.clock
    )
    # The barrier is removed after the other listener has seen it.
    job.saver_hook._listeners.extend([Written(), listener])
    job.bring_worker_once("Save")
    with job:
        job.run()
        job.call("SaveCheckpoint")
        stage.until(lambda: job.blocked() == [])
    assert written == [(1, [0, 1])]


@pytest.mark.parametrize("max_pending", [0, 20 * MS])
def test_a_save_goes_on_without_a_worker_that_does_not_come(job, max_pending):
    listener = BarrierSaverListener(
        job.barrier, wait_seconds=MS, max_pending_seconds=max_pending, clock=job.clock
    )
    job.saver_hook._listeners.append(listener)
    with job:
        before = job.clock.now()
        job.call("SaveCheckpoint")
        assert job.clock.now() - before >= max_pending
        assert job.blocked() == []
    assert (job.model_dir / "model.ckpt-0.index").exists()


class Asked:
    """The hooks of an operator who has only a file system."""

    def __init__(self, job: Job, **options: Any) -> None:
        self._job = job
        self.saves: list[int] = []
        self.helper = StopHelper()
        job.callbacks.append(self.helper.create_barrier_callback())
        hook = ControllerHook(
            0, job.barrier, lambda: self.saves.append(1), clock=job.clock, **options
        )
        query = QueryActionHook(str(job.model_dir), hook, clock=job.clock, query_seconds=MS)
        job.hooks += [hook, query, self.helper.create_stop_hook()]

    def ask(self, text: str) -> str:
        """Write the action file, and wait until it is gone; the response."""
        action = self._job.model_dir / ACTION_FILENAME
        action.with_suffix(".new").write_text(text)
        action.with_suffix(".new").rename(action)
        self._job.stage.until(lambda: not action.exists())
        return (self._job.model_dir / RESPONSE_FILENAME).read_text()


@pytest.mark.covers("B47c")
def test_an_action_file_is_consumed_and_its_save_is_done_with_the_next_step(stage, job):
    asked = Asked(job)
    with job:
        assert asked.ask("action: TRIGGER_SAVE") == "OK"
        assert asked.saves == []
        job.run()
        job.run()
        assert asked.saves == [1]
        assert asked.ask("action: 1") == "OK"
        job.run()
        assert asked.saves == [1, 1]
        assert "no field named" in asked.ask("anything: 2")
    assert names(stage) == ["query_action"]


def test_a_stop_by_file_waits_for_the_worker_and_ends_training(stage, job):
    asked = Asked(job, wait_seconds=MS, max_pending_seconds=60)
    job.bring_worker_once("Stop")
    with job:
        assert asked.ask("action: STOP") == "OK"
        job.run()
        assert job.session.should_stop()
        assert "worker-1" in names(stage)
        stage.until(lambda: job.blocked() == [])


@pytest.mark.parametrize("max_pending", [0, 20 * MS])
def test_a_stop_gives_up_on_a_worker_that_does_not_come(job, max_pending):
    hook = ControllerHook(
        0, job.barrier, clock=job.clock, wait_seconds=MS, max_pending_seconds=max_pending
    )
    job.hooks.append(hook)
    with job:
        job.raw.run(hook.stop_op)
        before = job.clock.now()
        job.run()
        assert job.clock.now() - before >= max_pending
        assert job.blocked() == []


@pytest.mark.covers("B34b")
def test_a_handler_that_outlasts_the_grace_is_cut_off_and_runs_to_its_end(stage, tmp_path, config):
    with tf.Graph().as_default():
        job = Job(stage, tmp_path, config, grace_seconds=20 * MS)
        released, ended, answers = [], [], []

        def held(*_):
            stage.until(lambda: released)
            ended.append(True)

        job.callbacks.append(held)
        with job:
            call = job.stub.StopTraining.future(service_pb2.StopTrainingRequest(), timeout=60)
            stage.until(lambda: job.barrier.is_barrier_placed(job.raw))
            job.server_hook.end(job.raw)
            answers.append((call.code(), call.details()))
            assert ended == []
            released.append(True)
            stage.until(lambda: ended)
    assert answers == [(grpc.StatusCode.UNAVAILABLE, "Cancelling all calls")]


@pytest.mark.parametrize(
    ("hook", "defaults"),
    [
        (BarrierOp, {"wait_seconds": 1}),
        (BarrierSaverListener, {"wait_seconds": 1, "max_pending_seconds": 30}),
        (NodeAliveChecker, {"timeout": 1, "num_thread": 10}),
        (ControllerHook, {"wait_seconds": 2, "max_pending_seconds": 30}),
        (PsHealthCheckerHook, {"poll_seconds": 30}),
        (QueryActionHook, {"query_seconds": 60}),
        (ServerHook, {"grace_seconds": 20}),
    ],
)
def test_the_defaults_are_the_originals(hook, defaults):
    parameters = inspect.signature(hook).parameters
    assert {name: parameters[name].default for name in defaults} == defaults
