"""Sessions of a chief and of workers that start and start again around a barrier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.ckpt_hooks import WorkerCkptHelper, assign_ckpt_info, get_ckpt_info
from monolith_hooks.ckpt_hooks_pb2 import WorkerCkptInfo

tf1 = tf.compat.v1


class Process:
    """A process of the job: its graph, and the sessions that it starts on the server."""

    def __init__(self, server: Any, clock: Any, is_chief: bool) -> None:
        self._server, self._is_chief = server, is_chief
        self.actions: list[str] = []
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf1.train.get_or_create_global_step()
            WorkerCkptHelper("unused", 0)
            self.barrier = BarrierOp(
                4,
                is_chief=is_chief,
                wait_seconds=0,
                name_prefix="chief" if is_chief else "worker",
                barrier_callbacks=[lambda action, _: self.actions.append(action)],
                clock=clock,
            )

    @contextmanager
    def session(self) -> Iterator[Any]:
        creator = (
            tf1.train.ChiefSessionCreator if self._is_chief else tf1.train.WorkerSessionCreator
        )
        with self.graph.as_default():
            session = tf1.train.MonitoredSession(creator(master=self._server.target))
            yield session._tf_sess()
            session.close()


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


@pytest.fixture
def start(clock: Any, config: Any) -> Callable[[bool], Process]:
    server = tf.distribute.Server.create_local_server(config)
    return lambda is_chief: Process(server, clock, is_chief)


@pytest.mark.covers("B17b", "B17c", "B17e")
@pytest.mark.parametrize("is_placed", [True, False])
def test_a_worker_that_starts_empties_the_action_and_leaves_the_vector(start, is_placed):
    chief, worker = start(True), start(False)
    with chief.session() as session:
        barrier = chief.barrier
        barrier.place_barrier(session, "Save")
        for index in (1, 3):
            barrier._write_bit(session, index, True)
        if not is_placed:
            barrier.remove_barrier(session)
        blocked = [0, 1, 3] if is_placed else [1, 3]
        for _ in range(2):
            assert barrier.get_blocked_indices(session) == blocked
            assert session.run(barrier._action_value) == b"Save"
            with worker.session() as own:
                assert worker.barrier.get_blocked_indices(own) == blocked
                assert session.run(barrier._action_value) == b""
            session.run(barrier._place, {barrier._action_input: "Save"})
            if not is_placed:
                barrier.remove_barrier(session)
        if not is_placed:
            with worker.session() as own:
                worker.barrier.wait_until_barrier_removed(own, 2)
            assert worker.actions == [""]
            assert barrier.get_blocked_indices(session) == [1, 3]


@pytest.mark.covers("B17b", "B17c", "B17d")
def test_a_chief_that_starts_again_clears_all(start):
    chief, worker = start(True), start(False)
    with chief.session() as session:
        chief.barrier.place_barrier(session, "Stop")
        chief.barrier._write_bit(session, 2, True)
        with worker.session() as own:
            assert worker.barrier.get_blocked_indices(own) == [0, 2]
            with chief.session() as again:
                assert chief.barrier.is_none_blocked(again)
                assert worker.barrier.is_none_blocked(own)
                chief.barrier.place_barrier(again, "Save")
                assert worker.barrier.is_barrier_placed(own)


@pytest.mark.covers("B51a", "B51c")
def test_each_session_that_starts_empties_the_info(start):
    chief, worker = start(True), start(False)
    with chief.session() as session:
        for process in (worker, chief):
            assign_ckpt_info(session, WorkerCkptInfo(global_step=7))
            with process.session() as own:
                assert not get_ckpt_info(own).HasField("global_step")
                assert not get_ckpt_info(session).HasField("global_step")
