"""Hooks that see several sessions, one after the other, and hooks that see each other's doings."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.action_files import ACTION_FILENAME, RESPONSE_FILENAME
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.ckpt_hooks import BarrierSaverListener
from monolith_hooks.controller_hooks import ControllerHook, QueryActionHook, StopHelper
from monolith_hooks.ps_check_hooks import Config, PsHealthCheckerHook
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server import service_pb2
from monolith_hooks.server.constants import SERVER_ADDR_FILENAME
from monolith_hooks.server.server_lib import ServerHook
from monolith_hooks.session_hooks import SetCurrentSessionHook, get_current_session
from tests.contracts.rigs import Rig
from tests.contracts.stages import MS

tf1 = tf.compat.v1

ENDINGS = ["clean", "error"]


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
def test_an_action_file_is_acted_on_in_each_session_and_the_last_end_stops_all(
    play_rig, stage, ending
):
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

    play_rig(body)


@pytest.mark.covers("B20c", "B20d", "B20e")
def test_a_worker_that_finds_nothing_placed_goes_on_without_a_wait(stage, clock, config):
    wait_seconds = 10

    def main():
        with tf.Graph().as_default():
            barrier = BarrierOp(2, wait_seconds=wait_seconds, clock=clock)
            creator = tf1.train.ChiefSessionCreator(config=config)
            with tf1.train.MonitoredSession(creator) as session:
                before = clock.now_ns()
                barrier.wait_until_barrier_removed(session._tf_sess(), 1)
                assert clock.now_ns() < before + wait_seconds * 10**9
                assert barrier.is_none_blocked(session._tf_sess())

    stage.play(main)


def threads(stage: Any) -> list[Any]:
    """The threads that the clock has started for hooks."""
    started = stage.clock.threads
    return [getattr(each, "thread", each) for each in started]


@pytest.mark.covers("B6b", "B8e", "B17d", "B40a")
@pytest.mark.parametrize("ending", ENDINGS)
def test_each_session_has_a_watch_that_reports_once_and_ends_with_it(play_rig, stage, ending):
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

    play_rig(body)


@pytest.mark.covers("B34b", "B35f", "B35g", "B37a")
@pytest.mark.parametrize("ending", ENDINGS)
def test_each_session_has_a_server_which_a_clean_end_stops(play_rig, stage, ending):
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

    play_rig(body)


@pytest.mark.covers("B17d", "B46a", "B46d", "B46f")
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_requested_in_one_session_is_forgotten_in_the_next(play_rig, ending):
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

    play_rig(body)


@pytest.mark.covers("B30b")
@pytest.mark.parametrize("ending", ENDINGS)
def test_only_the_first_session_of_a_saver_hook_skips_its_save(play_rig, ending):
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

    play_rig(body)


@pytest.mark.covers("B17d", "B54d", "B54e", "B55a", "B55b")
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_listener_that_owes_a_removal_removes_whatever_it_finds_in_the_next_session(
    play_rig, ending
):
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

    play_rig(body)


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
def test_a_stop_that_was_seen_stops_after_the_next_step_of_each_session(play_rig, action):
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

    play_rig(body)
