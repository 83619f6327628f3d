"""Every error in every place but a save: callbacks, handlers, reports, actions, iterators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.action_files import ACTION_FILENAME, RESPONSE_FILENAME
from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierOp
from monolith_hooks.ckpt_hooks import SAVE_ACTION, BarrierSaverListener, WorkerCkptHelper
from monolith_hooks.controller_hooks import ControllerHook, QueryActionHook
from monolith_hooks.ps_check_hooks import Config, PsHealthCheckerHook
from monolith_hooks.server.server_lib import ControllerServicer
from monolith_hooks.server.service_pb2 import StopTrainingRequest
from tests.contracts.errors import EXCEPTIONS, LEAVING, OP_ERRORS, raised, records
from tests.contracts.stages import MS

tf1 = tf.compat.v1


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


class Barrier:
    """A barrier with three callbacks, the second of which raises what was planned."""

    def __init__(self, clock: Any, config: Any) -> None:
        self.error: BaseException | None = None
        self.called: list[int] = []
        callbacks = [self._callback(number) for number in range(3)]
        self.op = BarrierOp(2, wait_seconds=MS, barrier_callbacks=callbacks, clock=clock)
        self.listener = BarrierSaverListener(
            self.op, wait_seconds=0, max_pending_seconds=0, clock=clock
        )
        self.session = tf1.Session(config=config)
        self.session.run(tf1.local_variables_initializer())

    def _callback(self, number: int) -> Callable[[str, Any], None]:
        def callback(action: str, session: Any) -> None:
            self.called.append(number)
            if number == 1 and self.error is not None:
                raise self.error

        return callback

    def reset(self, error: BaseException | None = None) -> None:
        self.op.remove_barrier(self.session)
        self.error = error
        self.called.clear()


@pytest.fixture
def barrier(clock: Any, config: Any) -> Iterator[Barrier]:
    with tf.Graph().as_default():
        yield Barrier(clock, config)


@pytest.mark.covers("B21d", "B21e", "B56a", "B56b")
def test_any_error_of_a_callback_leaves_the_barrier_placed_and_its_lock_free(barrier):
    op, session = barrier.op, barrier.session
    for make in (*OP_ERRORS, *EXCEPTIONS, *LEAVING):
        error = make("callback")
        for place in (
            lambda: op.place_barrier(session, "any"),
            lambda: barrier.listener.before_save(session, 3),
        ):
            barrier.reset(error)
            with raised(error):
                place()
            assert (op.is_barrier_placed(session), barrier.called) == (True, [0, 1])
            barrier.listener.after_save(session, 3)
            assert op.is_barrier_placed(session)
            with pytest.raises(BarrierAlreadyPlacedError):
                op.place_barrier(session)
            assert barrier.called == [0, 1]
        barrier.reset(error)
        with raised(error):
            op.wait_until_barrier_removed(session, 1)
        assert (op.get_blocked_indices(session), barrier.called) == ([1], [0, 1])
        barrier.reset()
        op.wait_until_barrier_removed(session, 1)
        assert (op.is_none_blocked(session), barrier.called) == (True, [0, 1, 2])


class Context:
    """A gRPC context that can be told to abort."""

    def abort(self, code: Any, details: str) -> None:
        raise RuntimeError(f"{code.name}: {details}")


@pytest.mark.covers("B25b", "B28b")
def test_any_error_of_a_stop_leaves_its_handler(barrier):
    servicer = ControllerServicer(barrier.session, barrier.op, None)
    for make in (*OP_ERRORS, *EXCEPTIONS, *LEAVING):
        error = make("callback")
        barrier.reset(error)
        with raised(error):
            servicer.StopTraining(StopTrainingRequest(), Context())
        with pytest.raises(RuntimeError, match=r"ALREADY_EXISTS: Barrier is placed already\."):
            servicer.StopTraining(StopTrainingRequest(), Context())


@pytest.mark.covers("B11a", "B11b", "B11c", "B14a", "B14b")
def test_any_exception_of_a_report_ends_the_watch_and_nothing_else(barrier, stage, config):
    planned: list[BaseException] = []
    reports: list[Any] = []

    def report(results: Any) -> None:
        reports.append(results)
        raise planned[-1]

    hook = PsHealthCheckerHook(
        Config(barrier.op, 1, ps_device_fn=lambda _: "/cpu:0", report_fn=report),
        clock=stage.clock,
        machine_info=lambda shared_name: None,
        check_machine_health=lambda _: tf.constant(b"\x08\x01"),
        poll_seconds=0,
    )
    hook.begin()
    makes = (*OP_ERRORS, *EXCEPTIONS, BarrierAlreadyPlacedError, KeyboardInterrupt)
    for number, make in enumerate(makes, 1):
        planned.append(make("report"))
        coord = tf.train.Coordinator()
        hook.after_create_session(barrier.session, coord)
        stage.until(lambda count=number: len(stage.deaths()) == count)
        assert len(reports) == number
        assert stage.deaths()[-1] == ("ps_health", type(planned[-1]).__name__)
        assert not coord.should_stop()
        coord.request_stop()
        coord.join()
    assert (barrier.called, barrier.op.is_barrier_placed(barrier.session)) == ([], False)


class Refusing:
    """A session that raises whatever is run in it."""

    def __init__(self) -> None:
        self.error: BaseException = ValueError()
        self.runs = 0

    def run(self, op: Any) -> None:
        self.runs += 1
        raise self.error


@pytest.mark.covers("B13a", "B13b", "B13c")
def test_any_error_of_a_poll_ends_the_watch_and_nothing_else(barrier, stage):
    reports: list[Any] = []
    session = Refusing()
    hook = PsHealthCheckerHook(
        Config(barrier.op, 1, ps_device_fn=lambda _: "/cpu:0", report_fn=reports.append),
        clock=stage.clock,
        machine_info=lambda shared_name: None,
        check_machine_health=lambda _: tf.constant(b""),
        poll_seconds=0,
    )
    hook.begin()
    for number, make in enumerate((*OP_ERRORS, *EXCEPTIONS), 1):
        session.error = make("poll")
        coord = tf.train.Coordinator()
        hook.after_create_session(session, coord)
        stage.until(lambda count=number: len(stage.deaths()) == count)
        assert session.runs == number
        assert stage.deaths()[-1] == ("ps_health", type(session.error).__name__)
        assert not coord.should_stop()
        coord.request_stop()
        coord.join()
    assert (reports, barrier.called) == ([], [])
    assert not barrier.op.is_barrier_placed(barrier.session)


@pytest.mark.covers("B47g", "B47h")
def test_any_exception_of_an_action_is_logged_its_file_goes_and_the_next_is_looked_for(
    stage, tmp_path, caplog, request
):
    session = Refusing()
    with tf.Graph().as_default():
        controller = ControllerHook(0)
        hook = QueryActionHook(str(tmp_path), controller, clock=stage.clock, query_seconds=MS)
    request.addfinalizer(lambda: hook.end(session))
    hook.after_create_session(session, None)
    action = tmp_path / ACTION_FILENAME
    for number, make in enumerate((*OP_ERRORS, *EXCEPTIONS, BarrierAlreadyPlacedError), 1):
        session.error = make("action")
        action.with_suffix(".new").write_text("action: STOP")
        action.with_suffix(".new").rename(action)
        stage.until(lambda: not action.exists())
        stage.until(lambda: "ERROR" in {record.levelname for record in caplog.records})
        assert (session.runs, records(caplog, "ERROR")) == (number, 1)
        assert not (tmp_path / RESPONSE_FILENAME).exists()
    assert stage.deaths() == []


@pytest.mark.covers("B62b", "B62c")
def test_an_iterator_that_cannot_be_saved_is_a_warning_and_any_other_error_leaves(
    config, tmp_path, monkeypatch, caplog
):
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        tf1.data.make_one_shot_iterator(tf.data.Dataset.range(3))
        save = WorkerCkptHelper(str(tmp_path), 0).create_save_iterator_callback()
        session.run(tf1.local_variables_initializer())
        for make in (*OP_ERRORS, *EXCEPTIONS, *LEAVING):
            error = make("iterator")

            def refuse(*args: Any, error: BaseException = error, **options: Any) -> None:
                raise error

            monkeypatch.setattr(tf1.train.Saver, "save", refuse)
            is_none = isinstance(error, tf.errors.UnimplementedError)
            with raised(None if is_none else error):
                save(SAVE_ACTION, session)
            assert records(caplog, "WARNING") == int(is_none)
