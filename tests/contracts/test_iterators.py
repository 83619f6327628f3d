"""Positions of iterators: how many there were and are, their names, and files that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.ckpt_hooks import (
    SAVE_ACTION,
    BarrierSaverListener,
    WorkerCkptHelper,
    assign_ckpt_info,
    disable_iterator_save_restore,
    get_ckpt_info,
)
from monolith_hooks.ckpt_hooks_pb2 import WorkerCkptInfo

tf1 = tf.compat.v1


class Worker:
    """A worker's graph with some iterators over numbers, and its helper."""

    def __init__(self, folder: Path, config: Any, count: int = 1, index: int = 0) -> None:
        self._config = config
        self.graph = tf.Graph()
        with self.graph.as_default():
            self._next = [
                tf1.data.make_one_shot_iterator(tf.data.Dataset.range(100)).get_next()
                for _ in range(count)
            ]
            self.helper = WorkerCkptHelper(str(folder), index)
        self._restorer = self.helper.create_restorer_hook()

    @contextmanager
    def session(self) -> Iterator[Worker]:
        with self.graph.as_default(), tf1.Session(config=self._config) as self.raw:
            self.raw.run(tf1.local_variables_initializer())
            self._restorer.after_create_session(self.raw, None)
            yield self

    def read(self, at: int = 0) -> int:
        return int(self.raw.run(self._next[at]))

    def info(self, step: int | None) -> None:
        assign_ckpt_info(self.raw, WorkerCkptInfo(global_step=step))

    def save(self, action: str = SAVE_ACTION) -> None:
        self.helper.create_save_iterator_callback()(action, self.raw)


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def of_step(step: int, index: int = 0) -> list[str]:
    name = f"input_worker_{index}.ckpt-{step}"
    return [f"{name}.data-00000-of-00001", f"{name}.index"]


@pytest.mark.covers("B64a", "B64b")
@pytest.mark.parametrize("saved", [1, 2, 3])
@pytest.mark.parametrize("there", [0, 1, 2, 3])
def test_a_graph_may_have_as_many_iterators_as_were_saved_or_fewer(tmp_path, config, saved, there):
    with Worker(tmp_path, config, saved).session() as worker:
        for at in range(saved):
            for _ in range(at + 1):
                worker.read(at)
        worker.info(5)
        worker.save()
    later = Worker(tmp_path, config, there)
    if there > saved:
        with pytest.raises(tf.errors.NotFoundError), later.session():
            pass
    else:
        with later.session():
            assert [later.read(at) for at in range(there)] == [1, 2, 3][:there]


@pytest.mark.covers("B60b", "B61b")
@pytest.mark.parametrize(
    ("step", "index"),
    [(0, 0), (0, 12), (1, 3), (10, 0), (2**31, 1), (2**53 + 1, 2), (2**63 - 1, 3)],
)
def test_the_files_have_the_step_and_the_index_in_their_names(tmp_path, config, step, index):
    with Worker(tmp_path, config, index=index).session() as worker:
        worker.info(step)
        worker.save()
    state = f"checkpoint_input_worker_{index}"
    assert files(tmp_path) == [state, *of_step(step, index)]
    found = tf.train.get_checkpoint_state(str(tmp_path), state)
    assert found.model_checkpoint_path == f"{tmp_path}/input_worker_{index}.ckpt-{step}"


@pytest.mark.covers("B51c", "B51d", "B61b")
def test_an_info_without_a_step_is_step_0(tmp_path, config):
    with Worker(tmp_path, config).session() as worker:
        worker.save()
        assert files(tmp_path) == ["checkpoint_input_worker_0", *of_step(0)]
        worker.info(4)
        worker.info(None)
        assert not get_ckpt_info(worker.raw).HasField("global_step")
        worker.read()
        worker.save()
        assert files(tmp_path) == ["checkpoint_input_worker_0", *of_step(0)]
    with Worker(tmp_path, config).session() as worker:
        assert worker.read() == 1


@pytest.mark.covers("B61a")
@pytest.mark.parametrize("action", ["", "Stop", "save", "SAVE", "Save ", " Save", "Save\n"])
def test_no_action_but_save_is_heeded(tmp_path, config, action):
    with Worker(tmp_path, config).session() as worker:
        worker.save(action)
    assert files(tmp_path) == []


@pytest.mark.covers("B61d", "B63a", "B63b")
def test_each_session_goes_back_to_the_position_that_was_saved_last(tmp_path, config):
    worker = Worker(tmp_path, config, 2)
    with worker.session():
        assert [worker.read(), worker.read(), worker.read(1)] == [0, 1, 0]
        worker.info(7)
        worker.save()
        assert [worker.read(), worker.read(1)] == [2, 1]
    for _ in range(2):
        with worker.session():
            assert [worker.read(), worker.read(), worker.read(1)] == [2, 3, 1]
    with worker.session():
        worker.read()
        worker.info(3)
        worker.save()
    with worker.session():
        assert worker.read() == 3, "a smaller step that is saved later is the newest"


@pytest.mark.covers("B60c")
def test_five_are_kept_in_the_order_of_saving(tmp_path, config):
    with Worker(tmp_path, config).session() as worker:
        for step in (9, 10, 8, 1, 2, 9, 3):
            worker.info(step)
            worker.save()
    kept = sorted(name for step in (8, 1, 2, 9, 3) for name in of_step(step))
    assert files(tmp_path) == ["checkpoint_input_worker_0", *kept]


@pytest.mark.covers("B60b", "B60d")
def test_workers_of_one_folder_have_files_of_their_own(tmp_path, config):
    (tmp_path / "checkpoint").write_text("the model's")
    for index in (1, 11):
        with Worker(tmp_path, config, index=index).session() as worker:
            for _ in range(index):
                worker.read()
            worker.save()
    for index in (1, 11):
        with Worker(tmp_path, config, index=index).session() as worker:
            assert worker.read() == index
    assert (tmp_path / "checkpoint").read_text() == "the model's"
    with Worker(tmp_path, config, index=2).session() as worker:
        assert worker.read() == 0


@pytest.mark.covers("B63c")
@pytest.mark.parametrize(
    "gone", ["the state", "the files", "the index", "all but the state's older one"]
)
def test_where_the_checkpoint_of_the_state_is_gone_iterators_start_anew(tmp_path, config, gone):
    with Worker(tmp_path, config).session() as worker:
        for step in (4, 5):
            worker.read()
            worker.info(step)
            worker.save()
    lost = {
        "the state": ["checkpoint_input_worker_0"],
        "the files": of_step(4) + of_step(5),
        "the index": of_step(5)[1:],
        "all but the state's older one": of_step(5),
    }[gone]
    for name in lost:
        (tmp_path / name).unlink()
    later = Worker(tmp_path, config, 3)
    with later.session():
        assert [later.read(at) for at in range(3)] == [0, 0, 0]


@pytest.mark.covers("B60a", "B62a", "B65a", "B65b")
def test_a_helper_has_the_iterators_of_its_construction_unless_they_are_disabled(tmp_path, config):
    worker = Worker(tmp_path, config)
    with worker.graph.as_default():
        late = tf1.data.make_one_shot_iterator(tf.data.Dataset.range(9)).get_next()
        disable_iterator_save_restore()
        disabled = WorkerCkptHelper(str(tmp_path), 9)
    with worker.session():
        worker.raw.run(late)
        worker.read()
        disabled.create_save_iterator_callback()(SAVE_ACTION, worker.raw)
        disabled.create_restorer_hook().after_create_session(worker.raw, None)
        assert files(tmp_path) == []
        worker.save()
    with worker.session():
        assert (worker.raw.run(late), worker.read()) == (0, 1)
    with Worker(tmp_path, config, index=9).session() as other:
        other.save()
    assert of_step(0, 9)[1] in files(tmp_path), "another graph's aren't disabled"


@pytest.mark.covers("B51b", "B61c")
def test_a_save_of_the_chief_gives_each_process_the_step_and_its_own_position(
    tmp_path, config, clock
):
    graph = tf.Graph()
    with graph.as_default():
        element = tf1.data.make_one_shot_iterator(tf.data.Dataset.range(9)).get_next()
        helpers = [WorkerCkptHelper(str(tmp_path), index) for index in range(2)]
        callbacks = [each.create_save_iterator_callback() for each in helpers]
        barrier = BarrierOp(2, barrier_callbacks=callbacks, clock=clock)
        listener = BarrierSaverListener(barrier, max_pending_seconds=0, wait_seconds=0, clock=clock)
        with tf1.Session(config=config) as session:
            session.run(tf1.local_variables_initializer())
            session.run(element)
            listener.before_save(session, 0)
            listener.after_save(session, 0)
            assert get_ckpt_info(session).HasField("global_step")
            session.run(element)
            listener.before_save(session, 2**40)
    names = [name for index in (0, 1) for step in (0, 2**40) for name in of_step(step, index)]
    states = [f"checkpoint_input_worker_{index}" for index in (0, 1)]
    assert files(tmp_path) == sorted([*states, *names])
