"""Hooks that see several sessions, one after the other, and hooks that see each other's doings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.action_files import ACTION_FILENAME, RESPONSE_FILENAME
from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierHook, BarrierOp
from monolith_hooks.ckpt_hooks import BarrierSaverListener
from monolith_hooks.controller_hooks import ControllerHook, QueryActionHook, StopHelper
from monolith_hooks.ps_check_hooks import Config, PsHealthCheckerHook
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server import service_pb2
from monolith_hooks.server.client_lib import get_stub_from_model_dir
from monolith_hooks.server.constants import SERVER_ADDR_FILENAME
from monolith_hooks.server.server_lib import ServerHook
from monolith_hooks.session_hooks import SetCurrentSessionHook, get_current_session
from tests.contracts.stages import MS, Stage

tf1 = tf.compat.v1

ENDINGS = ["clean", "error"]


class LostError(Exception):
    """What an unclean session is left with."""


class Rig:
    """A graph with a barrier, and hooks that are used for one session after the other."""

    def __init__(self, stage: Stage, config: Any, folder: Path) -> None:
        self.stage, self.clock, self.folder = stage, stage.clock, folder
        self._config = config
        self.actions: list[str] = []
        self.hooks: list[Any] = []
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.callbacks: list[Any] = [lambda action, _: self.actions.append(action)]
        self.barrier = BarrierOp(
            2, wait_seconds=MS, barrier_callbacks=self.callbacks, clock=self.clock
        )

    @contextmanager
    def session(self, ending: str = "clean") -> Iterator[Rig]:
        creator = tf1.train.ChiefSessionCreator(config=self._config)
        session = tf1.train.MonitoredSession(creator, self.hooks)
        self.raw = session._tf_sess()
        self.monitored = session
        yield self
        if ending == "clean":
            session.__exit__(None, None, None)
        else:
            assert not session.__exit__(LostError, LostError(), None)

    def run(self) -> None:
        self.monitored.run(self.step)

    def call(self, method: str) -> Any:
        stub = get_stub_from_model_dir(str(self.folder))
        request = getattr(service_pb2, f"{method}Request")()
        return self.stage.call(getattr(stub, method), request)

    def saved(self) -> list[int]:
        """The steps of the checkpoints, in the order of saving."""
        state = tf.train.get_checkpoint_state(str(self.folder))
        paths = [] if state is None else state.all_model_checkpoint_paths
        return [int(path.rpartition("-")[2]) for path in paths]


@pytest.fixture
def play(stage, config, tmp_path):
    """Play a test's body with a rig in a graph of its own."""

    def run(body: Callable[[Rig], None]) -> None:
        def main() -> None:
            with tf.Graph().as_default():
                body(Rig(stage, config, tmp_path))

        stage.play(main)

    return run


def asks(rig: Rig, text: str) -> str:
    """Write the action file, and wait until it is gone; the response."""
    action, response = rig.folder / ACTION_FILENAME, rig.folder / RESPONSE_FILENAME
    response.unlink(missing_ok=True)
    action.with_suffix(".new").write_text(text)
    action.with_suffix(".new").rename(action)
    rig.stage.until(lambda: not action.exists())
    return response.read_text()


@pytest.mark.covers("B46a", "B47a", "B47c", "B47i", "B47j", "B47l")
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_action_file_is_acted_on_in_each_session_and_the_last_end_stops_all(play, stage, ending):
    def body(rig):
        saves = []
        controller = ControllerHook(0, rig.barrier, lambda: saves.append(1), clock=rig.clock)
        query = QueryActionHook(str(rig.folder), controller, clock=rig.clock, query_seconds=MS)
        rig.hooks = [controller, query]
        for number in range(1, 4):
            with rig.session(ending if number < 3 else "clean"):
                assert asks(rig, "action: TRIGGER_SAVE") == "OK"
                rig.run()
                rig.run()
                assert len(saves) == number
                alive = [thread.is_alive() for thread in threads(stage)]
                assert len(alive) == number
                assert alive[-1]
            if ending == "clean":
                assert not threads(stage)[-1].is_alive(), "an end waits for it"
            elif number < 3:
                assert all(thread.is_alive() for thread in threads(stage))
        stage.until(lambda: not any(thread.is_alive() for thread in threads(stage)))
        (rig.folder / ACTION_FILENAME).write_text("action: STOP")
        rig.clock.sleep(5 * MS)
        assert (rig.folder / ACTION_FILENAME).exists()

    play(body)


def threads(stage: Any) -> list[Any]:
    """The threads that the clock has started for hooks."""
    started = stage.clock.threads
    return [getattr(each, "thread", each) for each in started]


@pytest.mark.covers("B6b", "B8e", "B17d", "B40a")
@pytest.mark.parametrize("ending", ENDINGS)
def test_each_session_has_a_watch_that_reports_once_and_ends_with_it(play, stage, ending):
    def body(rig):
        reports = []
        rig.hooks = [
            PsHealthCheckerHook(
                Config(
                    rig.barrier,
                    1,
                    lambda _: "/cpu:0",
                    lambda results: reports.append(dict(results)),
                ),
                clock=rig.clock,
                machine_info=lambda shared_name: None,
                check_machine_health=lambda _: tf.constant(b"\x08\x01"),
                poll_seconds=MS,
            )
        ]
        for number in range(1, 4):
            with rig.session(ending):
                stage.until(lambda: rig.barrier.is_barrier_placed(rig.raw))
                rig.barrier.remove_barrier(rig.raw)
                rig.clock.sleep(5 * MS)
                assert (len(reports), rig.actions) == (number, [""] * number)
                rig.barrier.place_barrier(rig.raw, "stays")
                rig.actions.pop()
                assert [each.is_alive() for each in threads(stage)][-1:] == [True]
            assert not any(each.is_alive() for each in threads(stage))
        assert len(threads(stage)) == 3
        assert stage.deaths() == []

    play(body)


@pytest.mark.covers("B34b", "B35f", "B35g", "B37a")
@pytest.mark.parametrize("ending", ENDINGS)
def test_each_session_has_a_server_which_a_clean_end_stops(play, stage, ending):
    def body(rig):
        saver = NoFirstSaveCheckpointSaverHook(str(rig.folder), save_steps=10**6, clock=rig.clock)
        rig.hooks = [
            saver,
            ServerHook(
                str(rig.folder), rig.barrier, saver, clock=rig.clock, server_addr="[::1]:{}".format
            ),
        ]
        addresses = set()
        for number in range(3):
            with rig.session(ending if number < 2 else "clean"):
                addresses.add((rig.folder / SERVER_ADDR_FILENAME).read_text())
                assert rig.call("StopTraining") == service_pb2.StopTrainingResponse()
                assert rig.barrier.is_barrier_placed(rig.raw), "it is of this session"
                for step in range(2):
                    assert rig.call("GetTrainingStatus").global_step == step
                    rig.run()
            assert (rig.folder / SERVER_ADDR_FILENAME).exists()
            code, details = rig.call("ResumeTraining")
            if ending == "error" and number < 2:
                assert "Attempted to use a closed Session" in details
            else:
                stage.until(lambda: rig.call("ResumeTraining")[0].name == "UNAVAILABLE")
                assert code.name in {"UNAVAILABLE", "CANCELLED"}
        assert len(addresses) == 3

    play(body)


@pytest.mark.covers("B17d", "B46a", "B46d", "B46f")
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_requested_in_one_session_is_forgotten_in_the_next(play, ending):
    def body(rig):
        saves = []
        controller = ControllerHook(
            0, rig.barrier, lambda: saves.append(1), clock=rig.clock, max_pending_seconds=0
        )
        rig.hooks = [controller]
        for number in range(1, 4):
            with rig.session(ending):
                rig.run()
                assert (rig.actions, saves) == (["Stop"] * (number - 1) * 2, [])
                rig.raw.run([controller.stop_op, controller.trigger_save_op])
                rig.run()
                rig.run()
                assert (rig.actions, saves) == (["Stop"] * number * 2, [])

    play(body)


@pytest.mark.covers("B30b")
@pytest.mark.parametrize("ending", ENDINGS)
def test_only_the_first_session_of_a_saver_hook_skips_its_save(play, ending):
    def body(rig):
        saver = NoFirstSaveCheckpointSaverHook(str(rig.folder), save_steps=2, clock=rig.clock)
        rig.hooks = [saver]
        with rig.session(ending):
            assert rig.saved() == []
            for expected in ([], [2], [2]):
                rig.run()
                assert rig.saved() == expected
        exits = [2, 3] if ending == "clean" else [2]
        assert rig.saved() == exits
        with rig.session(ending):
            assert rig.saved() == [*exits, 0]
            rig.run()
        assert rig.saved() == ([*exits, 0, 1] if ending == "clean" else [*exits, 0])

    play(body)


@pytest.mark.covers("B17d", "B54d", "B54e", "B55a", "B55b")
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_listener_that_owes_a_removal_removes_whatever_it_finds_in_the_next_session(play, ending):
    def body(rig):
        listener = BarrierSaverListener(
            rig.barrier, wait_seconds=MS, max_pending_seconds=0, clock=rig.clock
        )
        with rig.session(ending):
            listener.before_save(rig.raw, 3)
        with rig.session():
            assert rig.barrier.is_barrier_removed(rig.raw)
            rig.barrier.place_barrier(rig.raw, "Stop")
            listener.before_save(rig.raw, 4)
            listener.after_save(rig.raw, 4)
            assert rig.barrier.is_barrier_removed(rig.raw)
            rig.barrier.place_barrier(rig.raw, "Stop")
            listener.before_save(rig.raw, 4)
            listener.after_save(rig.raw, 4)
            assert rig.barrier.is_barrier_placed(rig.raw)
            assert rig.actions == ["Save", "Stop", "Stop"]

    play(body)


@pytest.mark.covers("B45a", "B45b", "B45c")
def test_the_current_session_is_the_last_that_was_created_until_any_clean_end(config):
    first, second = SetCurrentSessionHook(), SetCurrentSessionHook()
    with tf.Graph().as_default(), tf1.Session(config=config) as default:
        other = object()
        for hook, session in [(first, other), (second, default), (first, other)]:
            hook.after_create_session(session, None)
            assert get_current_session() is session
        second.end(default)
        assert get_current_session() is default, "it is TensorFlow's default one"
        second.after_create_session(other, None)
        first.end(default)
        first.end(default)
        assert get_current_session() is default
        first.after_create_session(other, None)
    assert get_current_session() is other, "nothing clears it but an end"
    first.end(other)
    assert get_current_session() is None


@pytest.mark.covers("B46l", "B46m")
@pytest.mark.parametrize("action", ["Stop", "stop", "Save", ""])
def test_a_stop_that_was_seen_stops_after_the_next_step_of_each_session(play, action):
    def body(rig):
        helper = StopHelper()
        rig.callbacks.append(helper.create_barrier_callback())
        rig.hooks = [helper.create_stop_hook()]
        for number in range(2):
            with rig.session():
                rig.run()
                is_stop = action == "Stop"
                assert rig.monitored.should_stop() == (is_stop and number == 1)
                rig.barrier.place_barrier(rig.raw, action)
                if number == 0:
                    assert not rig.monitored.should_stop()
                    rig.run()
                    assert rig.monitored.should_stop() == is_stop

    play(body)


class After(tf1.train.SessionRunHook):
    """A hook that does something after a step."""

    def __init__(self, act: Callable[[Any], Any]) -> None:
        self._act = act

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self._act(run_context.session)


@pytest.mark.covers("B20e", "B22a", "B22c")
@pytest.mark.parametrize("is_first", [True, False])
def test_a_worker_blocks_after_the_step_that_read_the_barrier_whatever_hooks_do(play, is_first):
    def body(rig):
        acts: list[Any] = []
        after = After(lambda session: acts.pop(0)(session) if acts else None)
        hook = BarrierHook(1, rig.barrier)
        rig.hooks = [after, hook] if is_first else [hook, after]
        with rig.session():
            acts.append(lambda session: rig.barrier.place_barrier(session, "placed"))
            rig.run()
            assert rig.actions == ["placed"]
            assert rig.barrier.get_blocked_indices(rig.raw) == [0]
            if is_first:  # The step has read it placed, so the worker still comes by.
                acts.append(rig.barrier.remove_barrier)
            else:
                rig.callbacks.append(lambda *_: rig.clock.start_thread(removes, name="removes"))
            rig.run()
            assert rig.actions == ["placed", "placed"]
            rig.run()
            assert rig.actions == ["placed", "placed"]
            assert rig.barrier.is_none_blocked(rig.raw)

        assert acts == []

    def removes() -> None:
        current.barrier.remove_barrier(current.raw)

    def with_current(rig):
        nonlocal current
        current = rig
        body(rig)

    current: Any = None
    play(with_current)


@pytest.mark.covers("B46b", "B46h", "B46i")
@pytest.mark.parametrize("is_first", [True, False])
def test_a_flag_that_is_set_after_a_step_is_noticed_with_the_next_one(play, is_first):
    def body(rig):
        saves: list[int] = []
        acts: list[Any] = []
        hook = ControllerHook(
            0, rig.barrier, lambda: saves.append(1), clock=rig.clock, max_pending_seconds=0
        )
        after = After(lambda session: session.run(acts.pop(0)) if acts else None)
        rig.hooks = [after, hook] if is_first else [hook, after]
        with rig.session():
            acts.append(hook.trigger_save_op)
            for expected in (0, 1, 1):
                rig.run()
                assert len(saves) == expected
            acts.append([hook.stop_op, hook.trigger_save_op])
            for expected in (0, 1, 2):
                rig.run()
                assert (len(rig.actions), len(saves)) == (expected, 1)

    play(body)


@pytest.mark.covers("B46h", "B46k")
def test_a_save_flag_is_cleared_before_the_save_whatever_becomes_of_it(play):
    def body(rig):
        saves: list[str] = []

        def save() -> None:
            saves.append("asked")
            if len(saves) == 1:
                rig.raw.run(hook.trigger_save_op)
            elif len(saves) == 2:
                raise LostError

        hook = ControllerHook(0, rig.barrier, save, clock=rig.clock)
        rig.hooks = [hook]
        with rig.session():
            rig.raw.run(hook.trigger_save_op)
            rig.run()
            assert len(saves) == 1
            with pytest.raises(LostError):
                rig.run()
            for _ in range(2):
                rig.run()
                assert len(saves) == 2

    play(body)


@pytest.mark.covers("B46g")
def test_a_stop_on_a_placed_barrier_leaves_run_in_each_step(play):
    def body(rig):
        hook = ControllerHook(0, rig.barrier, clock=rig.clock, max_pending_seconds=0)
        rig.hooks = [hook]
        with rig.session():
            rig.barrier.place_barrier(rig.raw, "mine")
            rig.raw.run(hook.stop_op)
            for _ in range(2):
                with pytest.raises(BarrierAlreadyPlacedError):
                    rig.run()
            assert rig.barrier.is_barrier_placed(rig.raw)
            rig.barrier.remove_barrier(rig.raw)
            rig.run()
            assert rig.barrier.is_barrier_removed(rig.raw)
            assert rig.actions == ["mine", "Stop"]

    play(body)
