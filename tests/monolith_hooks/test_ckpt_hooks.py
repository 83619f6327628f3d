from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
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
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook

tf1 = tf.compat.v1


@contextmanager
def started(config: Any) -> Iterator[Any]:
    with tf1.Session(config=config) as session:
        session.run([tf1.local_variables_initializer(), tf1.global_variables_initializer()])
        yield session


class Held:
    """A barrier of some workers and its listener, in a session; calls are remembered."""

    def __init__(self, clock: Any, capacity: int, **options: Any) -> None:
        self.clock = clock
        self.actions: list[str] = []
        self.error: Exception | None = None
        self.barrier = BarrierOp(capacity, barrier_callbacks=[self.called], clock=clock)
        self.listener = BarrierSaverListener(self.barrier, clock=clock, **options)
        self.session: Any = None

    def called(self, action: str, session: Any) -> None:
        del session
        self.actions.append(action)
        if self.error is not None:
            raise self.error

    def before(self, step: int = 7) -> None:
        self.listener.before_save(self.session, step)

    def after(self) -> None:
        self.listener.after_save(self.session, 7)

    @property
    def is_placed(self) -> bool:
        return self.barrier.is_barrier_placed(self.session)


@pytest.fixture
def held(play, clock, config):
    def with_barrier(body: Callable[[Held], Any], capacity: int = 1, **options: Any) -> None:
        def main() -> None:
            rig = Held(clock, capacity, **options)
            with started(config) as rig.session:
                body(rig)

        play(main)

    return with_barrier


@pytest.mark.covers("B51c", "B51d")
def test_the_info_is_empty_until_it_is_assigned_and_in_each_new_session(play, config):
    def main():
        disable_iterator_save_restore()  # It uses the same place, and makes no info.
        listener = BarrierSaverListener(BarrierOp(1))
        del listener
        for _ in range(2):
            with started(config) as session:
                assert not get_ckpt_info(session).HasField("global_step")
                assign_ckpt_info(session, WorkerCkptInfo(global_step=3))
                assert get_ckpt_info(session).global_step == 3
                assign_ckpt_info(session, WorkerCkptInfo())
                assert not get_ckpt_info(session).HasField("global_step"), "all of it is replaced"

    play(main)


@pytest.mark.covers("B51a", "B51b", "B52a")
@pytest.mark.parametrize(
    "needs_it",
    [
        lambda _: BarrierSaverListener(BarrierOp(1)),
        lambda _: WorkerCkptHelper("folder", 0),
        get_ckpt_info,
        lambda session: assign_ckpt_info(session, WorkerCkptInfo()),
    ],
    ids=["listener", "helper", "get", "assign"],
)
def test_a_graph_has_one_info_which_the_first_that_needs_it_makes(play, config, needs_it):
    def infos() -> list[Any]:
        return [each for each in tf1.local_variables() if each.op.name == "WorkerCkptMetaInfo"]

    def main():
        assert infos() == []
        with tf1.Session(config=config) as session:
            with contextlib.suppress(tf.errors.FailedPreconditionError):
                needs_it(session)
            (info,) = infos()
            assert info.dtype.base_dtype == tf.string
            session.run(tf1.local_variables_initializer())
            assign_ckpt_info(session, WorkerCkptInfo(global_step=3))
            WorkerCkptHelper("folder", 1)
            assert infos() == [info]
            assert session.run(info) == WorkerCkptInfo(global_step=3).SerializeToString()
        assert len(tf1.get_collection("monolith_graph_meta")) == 1

    play(main)


@pytest.mark.covers("B51e")
def test_a_finalized_graph_needs_a_listener_or_helper_from_before(play, config):
    def main():
        graph = tf1.get_default_graph()
        with started(config) as session:
            graph.finalize()
            with pytest.raises(RuntimeError, match="finalized"):
                get_ckpt_info(session)

    play(main)


@pytest.mark.covers("B52b")
def test_a_graph_with_info_can_be_exported_with_a_warning(play, tmp_path, caplog):
    def main():
        BarrierSaverListener(BarrierOp(1))
        with caplog.at_level("WARNING", logger="tensorflow"):
            tf1.train.export_meta_graph(str(tmp_path / "graph.meta"))

    play(main)
    (warning,) = caplog.records
    assert "monolith_graph_meta" in warning.getMessage()


@pytest.mark.covers("B53a", "B53b", "B53e", "B55a")
def test_all_blocked_workers_are_not_waited_for(held):
    def body(rig):
        rig.before()
        assert rig.clock.now() == 0
        assert rig.actions == [SAVE_ACTION]
        assert get_ckpt_info(rig.session).global_step == 7
        assert rig.is_placed
        rig.after()
        assert not rig.is_placed

    held(body)


@pytest.mark.covers("B53c", "B53d")
@pytest.mark.parametrize(("pending", "wait", "taken"), [(30, 1, 31), (20, 7, 21), (0, 1, 1)])
def test_workers_that_never_come_are_given_up(held, pending, wait, taken):
    def body(rig):
        rig.before()
        assert rig.clock.now() == taken

    held(body, capacity=2, max_pending_seconds=pending, wait_seconds=wait)


@pytest.mark.covers("B53f", "B55d")
def test_workers_that_come_late_are_waited_for(held):
    def body(rig):
        def arrive(index: int, seconds: float) -> None:
            rig.clock.sleep(seconds)
            rig.barrier.wait_until_barrier_removed(rig.session, index)

        rig.clock.start_lane(lambda: arrive(1, 2), "worker-1")
        rig.clock.start_lane(lambda: arrive(2, 4.5), "worker-2")
        rig.before()
        assert rig.clock.now() == 5
        rig.after()
        rig.clock.sleep(1)
        assert rig.barrier.is_none_blocked(rig.session)
        assert rig.actions == [SAVE_ACTION] * 3

    held(body, capacity=3)


@pytest.mark.covers("B54a", "B54b", "B54c", "B54e")
def test_an_operators_stop_outlives_the_save(held):
    def body(rig):
        rig.barrier.place_barrier(rig.session, "Stop")
        rig.before()
        assert get_ckpt_info(rig.session).global_step == 7
        rig.after()
        assert rig.is_placed
        assert rig.actions == ["Stop"]

    held(body)


@pytest.mark.covers("B55c")
def test_the_action_of_a_save_remains_when_its_barrier_is_removed(held):
    def body(rig):
        rig.before()
        rig.after()
        rig.barrier.wait_until_barrier_removed(rig.session, 1)
        assert rig.actions == [SAVE_ACTION, SAVE_ACTION]

    held(body, capacity=2, max_pending_seconds=0)


@pytest.mark.covers("B55a", "B55b")
def test_whose_barrier_it_removes_is_not_looked_at(held):
    def body(rig):
        rig.before()
        rig.barrier.remove_barrier(rig.session)
        rig.barrier.place_barrier(rig.session, "Stop")
        rig.after()
        assert not rig.is_placed
        rig.barrier.place_barrier(rig.session)
        rig.after()
        assert rig.is_placed, "only once"

    held(body)


@pytest.mark.covers("B56a", "B56b")
def test_a_callback_that_raises_leaves_the_barrier_placed_for_good(held):
    def body(rig):
        rig.error = ValueError("callback")
        with pytest.raises(ValueError, match="callback"):
            rig.before()
        rig.after()
        assert rig.is_placed

    held(body)


@pytest.mark.covers("B57a", "B57b")
def test_a_second_before_save_finds_the_barrier_and_one_after_save_removes_it(held):
    def body(rig):
        rig.before()
        rig.before()
        assert rig.actions == [SAVE_ACTION]
        rig.after()
        assert not rig.is_placed

    held(body)


@pytest.mark.covers("B59a", "B59b", "B59c")
def test_it_logs_at_info_what_it_does_with_the_barrier_and_who_is_missing(held, caplog):
    def body(rig):
        with caplog.at_level("INFO", logger="absl"):
            rig.before(step=7)  # Worker 1 doesn't come.
            rig.before(step=8)  # The barrier is placed already.
            rig.after()

    held(body, capacity=2, max_pending_seconds=0)
    records = [each for each in caplog.records if each.module == "ckpt_hooks"]
    assert {each.levelname for each in records} == {"INFO"}
    assert [each.getMessage() for each in records] == [
        "Placing the barrier for the save at step 7.",
        "Not blocked: [1].",
        "Placing the barrier for the save at step 8.",
        "Somebody else has placed the barrier.",
        "Not blocked: [1].",
        "Removing the barrier.",
    ]


class FailingSaver(tf1.train.Saver):
    """Raises the first errors, then saves."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    def save(self, *args: Any, **options: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return super().save(*args, **options)


def unavailable() -> Exception:
    return tf.errors.UnavailableError(None, None, "busy")


@pytest.mark.covers("B58a", "B58b", "B58d")
@pytest.mark.parametrize(
    ("kind", "errors", "stays_placed"),
    [
        ("listeners", 2, True),
        ("listeners", 1, False),
        ("guard_saver_listeners", 2, False),
        ("guard_saver_listeners", 1, False),
    ],
)
def test_a_plain_listener_keeps_the_barrier_after_a_save_that_fails_for_good_and_a_guard_does_not(
    play, clock, config, tmp_path, kind, errors, stays_placed
):
    def main():
        actions: list[str] = []
        barrier = BarrierOp(1, barrier_callbacks=[lambda action, _: actions.append(action)])
        tf1.train.get_or_create_global_step()
        hook = NoFirstSaveCheckpointSaverHook(
            str(tmp_path),
            save_secs=100,
            saver=FailingSaver(*(unavailable() for _ in range(errors))),
            clock=clock,
            **{kind: [BarrierSaverListener(barrier, clock=clock)]},
        )
        with tf1.train.SingularMonitoredSession([hook], config=config) as session:
            hook.trigger_save(session.raw_session(), ignore_save_errors=True)
            assert barrier.is_barrier_placed(session.raw_session()) is stays_placed
            assert actions == [SAVE_ACTION]

    play(main)


@pytest.mark.covers("B58b", "B58c")
@pytest.mark.parametrize(("kind", "calls"), [("listeners", 2), ("guard_saver_listeners", 1)])
def test_a_guard_is_called_once_for_all_tries_and_a_plain_listener_for_each(
    play, clock, config, tmp_path, kind, calls
):
    steps: list[int] = []

    class Counts(BarrierSaverListener):
        def before_save(self, session: Any, global_step_value: int) -> None:
            steps.append(global_step_value)
            super().before_save(session, global_step_value)

    def main():
        barrier = BarrierOp(1, clock=clock)
        tf1.train.get_or_create_global_step()
        hook = NoFirstSaveCheckpointSaverHook(
            str(tmp_path),
            save_secs=100,
            saver=FailingSaver(unavailable()),
            clock=clock,
            **{kind: [Counts(barrier, clock=clock)]},
        )
        with tf1.train.SingularMonitoredSession([hook], config=config) as session:
            hook.trigger_save(session.raw_session())
            assert barrier.is_barrier_removed(session.raw_session())
        assert steps == [0] * calls

    play(main)


class Input:
    """An iterator over numbers, with a helper that saves its position."""

    def __init__(self, folder: Path, dataset: Any = None, index: int = 0) -> None:
        dataset = dataset or tf.data.Dataset.range(100)
        iterator = tf1.data.make_one_shot_iterator(dataset)
        self.next = iterator.get_next()
        self.helper = WorkerCkptHelper(str(folder), index)
        self.save = self.helper.create_save_iterator_callback()
        self.restorer = self.helper.create_restorer_hook()


def names(folder: Path) -> set[str]:
    return {path.name.partition(".data")[0] for path in folder.iterdir()}


@pytest.mark.covers("B60b", "B60d", "B61b", "B61d", "B63b")
def test_an_iterator_goes_back_to_where_it_was_saved_in_each_new_session(play, config, tmp_path):
    def main():
        given = Input(tmp_path)
        for expected in ([0, 1, 2], [1, 2, 3]):
            with started(config) as session:
                given.restorer.after_create_session(session, None)
                read = [session.run(given.next)]
                if expected[0] == 0:
                    assign_ckpt_info(session, WorkerCkptInfo(global_step=4))
                    given.save(SAVE_ACTION, session)
                read += [session.run(given.next) for _ in range(2)]
                assert read == expected
        assert names(tmp_path) == {
            "checkpoint_input_worker_0",
            "input_worker_0.ckpt-4",
            "input_worker_0.ckpt-4.index",
        }

    play(main)


@pytest.mark.covers("B60b", "B61a", "B61b")
def test_the_callback_heeds_the_save_alone_and_uses_step_0_without_an_info(play, config, tmp_path):
    def main():
        given = Input(tmp_path, index=3)
        with started(config) as session:
            given.save("Stop", session)
            given.save("", session)
            assert names(tmp_path) == set()
            given.save(SAVE_ACTION, session)
            assert "input_worker_3.ckpt-0.index" in names(tmp_path)

    play(main)


@pytest.mark.covers("B60c")
def test_the_last_five_positions_are_kept(play, config, tmp_path):
    def main():
        given = Input(tmp_path)
        with started(config) as session:
            for step in range(7):
                assign_ckpt_info(session, WorkerCkptInfo(global_step=step))
                given.save(SAVE_ACTION, session)
        kept = {int(path.stem.rpartition("-")[2]) for path in tmp_path.glob("*.index")}
        assert kept == {2, 3, 4, 5, 6}

    play(main)


@pytest.mark.covers("B60e")
def test_a_missing_folder_is_made_in_an_existing_one(play, config, tmp_path):
    def main():
        given = Input(tmp_path / "folder")
        with started(config) as session:
            given.save(SAVE_ACTION, session)
        assert (tmp_path / "folder" / "checkpoint_input_worker_0").exists()

    play(main)


@pytest.mark.covers("B60f", "B62c")
def test_a_folder_in_a_missing_one_cannot_be_saved_to(play, config, tmp_path):
    def main():
        given = Input(tmp_path / "no" / "folder")
        with (
            started(config) as session,
            pytest.raises(ValueError, match=r"Parent directory of .* doesn't exist, can't save"),
        ):
            given.save(SAVE_ACTION, session)

    play(main)


@pytest.mark.covers("B62a", "B65b")
@pytest.mark.parametrize("disabled", [False, True])
def test_without_an_iterator_or_disabled_nothing_is_done(play, config, tmp_path, disabled):
    def main():
        if disabled:
            disable_iterator_save_restore()
            given = Input(tmp_path)
            save, restorer = given.save, given.restorer
        else:
            helper = WorkerCkptHelper(str(tmp_path), 0)
            save, restorer = helper.create_save_iterator_callback(), helper.create_restorer_hook()
        with started(config) as session:
            save(SAVE_ACTION, session)
            restorer.after_create_session(session, None)
        assert names(tmp_path) == set()

    play(main)


@pytest.mark.covers("B65b")
def test_disabling_leaves_earlier_helpers_alone(play, config, tmp_path):
    def main():
        given = Input(tmp_path)
        disable_iterator_save_restore()
        with started(config) as session:
            given.save(SAVE_ACTION, session)
        assert names(tmp_path) != set()

    play(main)


@pytest.mark.covers("B65a")
def test_disabling_leaves_other_graphs_alone(play, config, tmp_path):
    def main():
        disable_iterator_save_restore()
        with tf.Graph().as_default():
            given = Input(tmp_path)
            with started(config) as session:
                given.save(SAVE_ACTION, session)
        assert names(tmp_path) != set()

    play(main)


@pytest.mark.covers("B60a")
def test_an_iterator_that_is_made_later_is_not_saved(play, config, tmp_path):
    def main():
        given = Input(tmp_path)
        late = tf1.data.make_one_shot_iterator(tf.data.Dataset.range(9)).get_next()
        with started(config) as session:
            session.run([given.next, late])
            given.save(SAVE_ACTION, session)
        with started(config) as session:
            given.restorer.after_create_session(session, None)
            assert session.run([given.next, late]) == [1, 0]

    play(main)


@pytest.mark.covers("B62b")
def test_an_iterator_that_cannot_be_saved_is_a_warning(play, config, tmp_path, caplog):
    def main():
        dataset = tf.data.Dataset.from_generator(lambda: iter([1, 2]), tf.int64)
        given = Input(tmp_path, dataset)
        with started(config) as session:
            session.run(given.next)
            with caplog.at_level("WARNING", logger="absl"):
                given.save(SAVE_ACTION, session)
        assert not list(tmp_path.glob("*.index"))

    play(main)
    logged = [record for record in caplog.records if record.module == "ckpt_hooks"]
    assert [record.levelname for record in logged] == ["WARNING"]


@pytest.mark.covers("B63c")
@pytest.mark.parametrize("gone", [False, True])
def test_without_a_checkpoint_iterators_start_anew(play, config, tmp_path, gone, caplog):
    def main():
        given = Input(tmp_path)
        with started(config) as session:
            session.run(given.next)
            if gone:
                given.save(SAVE_ACTION, session)
                for path in tmp_path.glob("input_worker_0.ckpt*"):
                    path.unlink()
        with started(config) as session, caplog.at_level("INFO", logger="absl"):
            given.restorer.after_create_session(session, None)
            assert session.run(given.next) == 0

    play(main)
    logged = [record for record in caplog.records if record.module == "ckpt_hooks"]
    assert [record.levelname for record in logged] == ["INFO"]


@pytest.mark.covers("B63d")
def test_restoring_does_not_initialize_an_iterator(play, config, tmp_path):
    def main():
        iterator = tf1.data.make_initializable_iterator(tf.data.Dataset.range(9))
        element = iterator.get_next()
        helper = WorkerCkptHelper(str(tmp_path), 0)
        with started(config) as session:
            session.run(iterator.initializer)
            session.run(element)
            helper.create_save_iterator_callback()(SAVE_ACTION, session)
        with started(config) as session, pytest.raises(tf.errors.FailedPreconditionError):
            helper.create_restorer_hook().after_create_session(session, None)
        with started(config) as session:
            session.run(iterator.initializer)
            helper.create_restorer_hook().after_create_session(session, None)
            assert session.run(element) == 1

    play(main)


@pytest.mark.covers("B64a", "B64b")
def test_more_iterators_than_were_saved_cannot_be_restored_and_none_need_not(
    play, config, tmp_path
):
    def main():
        one = Input(tmp_path)
        with started(config) as session:
            one.save(SAVE_ACTION, session)
        two = Input(tmp_path)
        with started(config) as session, pytest.raises(tf.errors.NotFoundError):
            two.restorer.after_create_session(session, None)
        with tf.Graph().as_default():
            none = WorkerCkptHelper(str(tmp_path), 0).create_restorer_hook()
            with started(config) as session:
                none.after_create_session(session, None)

    play(main)


@pytest.mark.covers("B66a")
def test_a_shuffled_dataset_goes_on_without_repeating_or_losing_an_element(play, config, tmp_path):
    def main():
        given = Input(tmp_path, tf.data.Dataset.range(50).shuffle(10, seed=3))
        with started(config) as session:
            before = [session.run(given.next) for _ in range(20)]
            given.save(SAVE_ACTION, session)
        with started(config) as session:
            given.restorer.after_create_session(session, None)
            after = [session.run(given.next) for _ in range(30)]
        assert sorted(before + after) == list(range(50))

    play(main)


@pytest.mark.covers("B66b")
def test_external_state_such_as_a_random_seed_is_ignored(play, config, tmp_path, caplog):
    def main():
        dataset = tf.data.Dataset.range(9).map(lambda i: i + tf.random.uniform([], 0, 1, tf.int64))
        given = Input(tmp_path, dataset)
        with started(config) as session, caplog.at_level("WARNING", logger="absl"):
            session.run(given.next)
            given.save(SAVE_ACTION, session)
        with started(config) as session:
            given.restorer.after_create_session(session, None)
            assert session.run(given.next) == 1

    play(main)
    assert caplog.records == []
