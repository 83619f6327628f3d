from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierOp
from monolith_hooks.controller_hooks import (
    QUERY_INTERVAL,
    STOP_ACTION,
    ControllerHook,
    QueryActionHook,
    StopHelper,
)

tf1 = tf.compat.v1


class Run:
    """A training run: a barrier whose actions are remembered, a controller, and hooks after it."""

    def __init__(self, clock: Any, config: Any, capacity: int = 1) -> None:
        self.clock, self.config = clock, config
        self.actions: list[str] = []
        self.saves = 0
        self.helper = StopHelper()
        remember = [lambda action, _: self.actions.append(action)]
        self.barrier = BarrierOp(
            capacity,
            barrier_callbacks=[*remember, self.helper.create_barrier_callback()],
            clock=clock,
        )
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.controller = ControllerHook(0, self.barrier, self.save, clock=clock)

    def save(self) -> None:
        self.saves += 1

    def session(self, *hooks: Any) -> Any:
        hooks = hooks or (self.controller,)
        return tf1.train.SingularMonitoredSession(hooks=list(hooks), config=self.config)


@pytest.fixture
def run(play, clock, config):
    def with_run(body, **options):
        return play(lambda: body(Run(clock, config, **options)))

    return with_run


def test_nothing_is_done_that_was_not_asked_for(run):
    def body(run):
        with run.session() as session:
            session.run(run.step)
        assert (run.actions, run.saves) == ([], 0)

    run(body)


@pytest.mark.covers("B46d")
def test_a_stop_places_with_its_action_and_removes_once_all_are_blocked(run, clock):
    def body(run):
        with run.session() as session:
            session.raw_session().run(run.controller.stop_op)
            session.run(run.step)
            assert run.actions == [STOP_ACTION]
            assert run.barrier.is_barrier_removed(session.raw_session())
            assert clock.now() == 0

    run(body)


@pytest.mark.covers("B46e")
def test_a_stop_gives_up_on_workers_that_do_not_come_after_30_s(run, clock):
    def body(run):
        with run.session() as session:
            session.raw_session().run(run.controller.stop_op)
            session.run(run.step)
            assert clock.now() == 30
            assert run.barrier.is_none_blocked(session.raw_session())

    run(body, capacity=2)


@pytest.mark.covers("B46d")
def test_a_stop_looks_every_2_s_whether_all_are_blocked(run, clock):
    def body(run):
        with run.session() as session:
            raw = session.raw_session()
            raw.run(run.controller.stop_op)

            def arrive():
                clock.sleep(5)
                run.barrier.wait_until_barrier_removed(raw, 1)

            clock.start_lane(arrive, "worker-1")
            session.run(run.step)
            assert clock.now() == 6

    run(body, capacity=2)


@pytest.mark.covers("B46f")
def test_the_stop_flag_is_never_reset(run):
    def body(run):
        with run.session() as session:
            session.raw_session().run(run.controller.stop_op)
            session.run(run.step)
            session.run(run.step)
            assert run.actions == [STOP_ACTION, STOP_ACTION]

    run(body)


@pytest.mark.covers("B46g")
def test_a_stop_while_the_barrier_is_placed_leaves_the_session(run):
    def body(run):
        session = run.session()
        run.barrier.place_barrier(session.raw_session())
        session.raw_session().run(run.controller.stop_op)
        with pytest.raises(BarrierAlreadyPlacedError), session:
            session.run(run.step)

    run(body)


@pytest.mark.covers("B46h")
def test_a_save_is_done_once_and_its_flag_reset_before_it(run):
    def body(run):
        with run.session() as session:
            raw = session.raw_session()

            def save_and_ask_again():
                run.saves += 1
                if run.saves == 1:
                    raw.run(run.controller.trigger_save_op)

            run.controller._trigger_save = save_and_ask_again
            raw.run(run.controller.trigger_save_op)
            for _ in range(4):
                session.run(run.step)
            assert run.saves == 2

    run(body)


@pytest.mark.covers("B46i")
def test_a_stop_hides_a_save(run):
    def body(run):
        with run.session() as session:
            session.raw_session().run([run.controller.stop_op, run.controller.trigger_save_op])
            session.run(run.step)
            assert (run.actions, run.saves) == ([STOP_ACTION], 0)

    run(body)


@pytest.mark.covers("B46b")
def test_a_flag_that_a_step_or_a_later_hook_sets_is_seen_with_the_next_step(run):
    class Asks(tf1.train.SessionRunHook):
        def after_run(self, run_context: Any, run_values: Any) -> None:
            run_context.session.run(run_of.controller.trigger_save_op)

    def body(run):
        nonlocal run_of
        run_of = run
        with run.session(Asks(), run.controller) as session:
            session.run(run.step)
            assert run.saves == 0
            session.run(run.step)
            assert run.saves == 1

    run_of: Any = None
    run(body)


@pytest.mark.covers("B46j", "B46k")
def test_a_controller_without_a_barrier_stops_nobody_and_one_without_a_saver_resets_the_flag(
    play, config
):
    def main():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        controller = ControllerHook()
        with tf1.train.SingularMonitoredSession(hooks=[controller], config=config) as session:
            raw = session.raw_session()
            raw.run(controller.trigger_save_op)
            session.run(step)
            assert raw.run(controller._flags).tolist() == [False, False]
            raw.run(controller.stop_op)
            session.run(step)

    play(main)


@pytest.mark.covers("B46a", "B46c")
def test_a_graph_has_one_controller(run):
    def body(run):
        with pytest.raises(ValueError, match="control_var already exists"):
            ControllerHook()

    run(body)


@pytest.mark.covers("B46a")
@pytest.mark.parametrize(("num_ps", "device"), [(0, ""), (2, "/job:ps/task:0/device:CPU:0")])
def test_the_flags_are_on_ps_0_if_there_are_ps(play, num_ps, device):
    def main():
        ControllerHook(num_ps)
        (flags,) = tf1.local_variables()
        assert (flags.op.name, flags.device) == ("control_var", device)

    play(main)


@pytest.mark.covers("B46m")
@pytest.mark.parametrize(("helper_first", "steps"), [(False, 1), (True, 2)])
def test_a_stop_helper_listed_first_stops_a_step_later(run, helper_first, steps):
    def body(run):
        hooks = [run.controller, run.helper.create_stop_hook()]
        with run.session(*(reversed(hooks) if helper_first else hooks)) as session:
            session.raw_session().run(run.controller.stop_op)
            taken = 0
            while not session.should_stop():
                session.run(run.step)
                taken += 1
            assert taken == steps

    run(body)


@pytest.mark.covers("B46l")
def test_a_stop_helper_heeds_stop_alone():
    helper, requests = StopHelper(), []
    context = type("Context", (), {"request_stop": lambda _: requests.append("stop")})()
    helper.create_barrier_callback()("", None)
    helper.create_stop_hook().after_run(context, None)
    assert requests == []
    helper.create_barrier_callback()(STOP_ACTION, None)
    helper.create_stop_hook().after_run(context, None)
    assert requests == ["stop"]


class Desk:
    """The two files of a model directory."""

    def __init__(self, folder: Any) -> None:
        self.action = folder / "monolith_action"
        self.response = folder / "monolith_action_response"

    def answer(self) -> str | None:
        return self.response.read_text() if self.response.exists() else None


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def queried(run, tmp_path, body):
    """Runs the body in a session in which action files are looked for."""
    query = QueryActionHook(str(tmp_path), run.controller, clock=run.clock)
    with run.session(run.controller, query) as session:
        body(session)


def look(run: Run) -> None:
    """Lets the time of a look pass."""
    run.clock.sleep(QUERY_INTERVAL)
    run.clock.settle()


@pytest.mark.covers("B47c", "B47e")
@pytest.mark.parametrize("text", ["action: STOP", "action: 2", "# now\naction: STOP\n"])
def test_an_action_file_is_done_answered_and_deleted(run, desk, tmp_path, text):
    def body(run):
        desk.action.write_text(text)

        def train(session):
            look(run)
            assert desk.answer() == "OK"
            assert not desk.action.exists()
            session.run(run.step)
            assert run.actions == [STOP_ACTION]

        queried(run, tmp_path, train)

    run(body)


@pytest.mark.covers("B47b")
def test_an_action_file_is_looked_for_after_60_s_and_then_each_60_s(run, desk, tmp_path):
    def body(run):
        def train(session):
            desk.action.write_text("action: STOP")
            run.clock.sleep(QUERY_INTERVAL - 1)
            assert desk.answer() is None
            run.clock.sleep(1)
            run.clock.settle()
            assert desk.answer() == "OK"
            desk.response.unlink()
            desk.action.write_text("action: TRIGGER_SAVE")
            run.clock.sleep(QUERY_INTERVAL - 1)
            assert desk.answer() is None
            run.clock.sleep(1)
            run.clock.settle()
            assert desk.answer() == "OK"

        queried(run, tmp_path, train)

    run(body)


@pytest.mark.covers("B47d", "B47h")
def test_what_does_not_parse_is_answered_with_the_parsers_text(run, desk, tmp_path):
    def body(run):
        desk.action.write_text("acton: STOP")

        def train(session):
            look(run)
            assert "acton" in desk.answer()
            assert not desk.action.exists()

        queried(run, tmp_path, train)

    run(body)


@pytest.mark.covers("B47f")
@pytest.mark.parametrize("text", ["action: UNKNOWN", ""])
def test_what_asks_for_nothing_is_logged_and_deleted_without_an_answer(
    run, desk, tmp_path, text, caplog
):
    def body(run):
        desk.action.write_text(text)

        def train(session):
            look(run)
            assert desk.answer() is None
            assert not desk.action.exists()

        queried(run, tmp_path, train)

    with caplog.at_level("ERROR", logger="absl"):
        run(body)
    assert [record.exc_info[0] for record in caplog.records] == [TypeError]


@pytest.mark.covers("B47g", "B47h")
def test_a_file_that_is_not_utf8_stays_and_is_read_again(run, desk, tmp_path):
    def body(run):
        desk.action.write_bytes(b"\xff")

        def train(session):
            run.clock.sleep(2 * QUERY_INTERVAL)
            run.clock.settle()
            assert desk.action.exists()
            desk.action.write_text("action: STOP")
            run.clock.sleep(QUERY_INTERVAL)
            run.clock.settle()
            assert desk.answer() == "OK"

        queried(run, tmp_path, train)

    run(body)


@pytest.mark.covers("B47g", "B47h")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda desk: desk.action.mkdir(),
        lambda desk: desk.action.write_bytes(b"\xff"),
    ],
    ids=["a folder", "not UTF-8"],
)
def test_a_file_that_cannot_be_read_is_logged_stays_and_does_not_end_the_watch(
    run, desk, tmp_path, caplog, spoil
):
    def body(run):
        spoil(desk)

        def train(session):
            look(run)
            look(run)
            assert desk.action.exists()
            assert desk.answer() is None

        queried(run, tmp_path, train)

    with caplog.at_level("ERROR", logger="absl"):
        run(body)
    assert [bool(record.exc_info) for record in caplog.records] == [True, True]


@pytest.mark.covers("B47g", "B47h")
def test_an_answer_that_cannot_be_written_does_not_end_the_watch(run, desk, tmp_path, caplog):
    def body(run):
        desk.response.mkdir()

        def train(session):
            desk.action.write_text("action: STOP")
            look(run)
            assert not desk.action.exists()
            desk.response.rmdir()
            desk.action.write_text("action: STOP")
            look(run)
            assert desk.answer() == "OK"

        queried(run, tmp_path, train)

    with caplog.at_level("ERROR", logger="absl"):
        run(body)
    assert len(caplog.records) == 1


@pytest.mark.covers("B47k")
def test_before_any_session_end_does_nothing(run, tmp_path):
    run(lambda run: QueryActionHook(str(tmp_path), run.controller, clock=run.clock).end(None))


@pytest.mark.covers("B47c", "B47i", "B47j")
def test_a_second_session_starts_a_second_thread_and_both_use_the_newest(run, desk, tmp_path):
    def body(run):
        query = QueryActionHook(str(tmp_path), run.controller, clock=run.clock)
        with run.session(run.controller, query) as first:
            raw = first.raw_session()
            newest: list[Any] = []
            shown = type("Shown", (), {"run": lambda _, op: newest.append(op) or raw.run(op)})()
            query.after_create_session(shown, None)
            desk.action.write_text("action: STOP")
            look(run)
            assert newest == [run.controller.stop_op]
            assert [thread.ended for thread in run.clock.threads] == [False, False]
        run.clock.settle()
        assert [thread.ended for thread in run.clock.threads] == [True, True]

    run(body)


@pytest.mark.covers("B47a")
def test_each_session_has_a_thread_that_its_coordinator_does_not_know(run, tmp_path):
    registered: list[Any] = []

    class Coordinator(tf1.train.Coordinator):
        def register_thread(self, thread: Any) -> None:
            registered.append(thread)

    def body(run):
        query = QueryActionHook(str(tmp_path), run.controller, clock=run.clock)
        with run.session() as session:
            for _ in range(2):
                query.after_create_session(session.raw_session(), Coordinator())
            assert [thread.ended for thread in run.clock.threads] == [False, False]
            query.end(session.raw_session())

    run(body)
    assert registered == []


@pytest.mark.covers("B47j", "B47l")
def test_end_stops_the_thread_and_an_exception_in_the_body_does_not(run, tmp_path):
    def body(run):
        queried(run, tmp_path, lambda session: None)
        (thread,) = run.clock.threads
        assert thread.ended

        def fail(session):
            raise ValueError("body")

        with pytest.raises(ValueError, match="body"):
            queried(run, tmp_path, fail)
        assert not run.clock.threads[1].ended

    run(body)
