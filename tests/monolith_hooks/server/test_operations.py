"""What GetRunStatus says of a session in virtual time."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks import HeldBarrier, Resilience
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.ps_check_hooks import Config, PsHealthCheckerHook
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server.client_lib import get_channel_from_model_dir
from monolith_hooks.server.operations_pb2 import GetRunStatusRequest, Hold, Save, Watch
from monolith_hooks.server.operations_pb2_grpc import OperationsStub
from monolith_hooks.server.server_lib import ServerHook

tf1 = tf.compat.v1


class FailingSaver(tf1.train.Saver):
    error: Exception | None = None

    def save(self, sess: Any, save_path: str, **options: Any) -> str:
        if self.error:
            raise self.error
        return super().save(sess, save_path, **options)


class Chief:
    """A chief of three workers with all hooks, each of which has a view of the barrier."""

    def __init__(self, clock, config, model_dir):
        self.clock = clock
        self._model_dir = str(model_dir)
        self.health = b""
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.barrier = BarrierOp(3, clock=clock)
        self.operator = HeldBarrier(self.barrier, "operator", ("ps_health", "save", ""))
        self.saver = FailingSaver()
        self.saver_hook = NoFirstSaveCheckpointSaverHook(
            self._model_dir, save_secs=10**6, saver=self.saver, clock=clock
        )
        health = PsHealthCheckerHook(
            Config(HeldBarrier(self.barrier, "ps_health"), 2, lambda _: "", lambda _: None),
            clock=clock,
            machine_info=lambda **_: tf.constant(""),
            check_machine_health=lambda _: tf.numpy_function(lambda: self.health, [], tf.string),
            resilience=Resilience(),
        )
        server = ServerHook(
            self._model_dir,
            self.operator,
            self.saver_hook,
            clock=clock,
            server_addr="localhost:{}".format,
            operations=True,
            health_hook=health,
        )
        self.hooks = [health, self.saver_hook, server]
        self._creator = tf1.train.ChiefSessionCreator(config=config)

    def __enter__(self):
        self.session = tf1.train.MonitoredSession(self._creator, self.hooks).__enter__()
        self.raw = self.session._tf_sess()
        self._channel = get_channel_from_model_dir(self._model_dir)
        return self

    def __exit__(self, *raised):
        self._channel.close()
        return self.session.__exit__(*raised)

    def status(self):
        call = OperationsStub(self._channel).GetRunStatus.future
        return self.clock.hand_over(lambda: call(GetRunStatusRequest())).result()


@pytest.fixture
def chief(clock, config, tmp_path):
    return lambda: Chief(clock, config, tmp_path)


def test_a_run_that_nobody_stopped(play, chief, clock):
    def main():
        with chief() as run:
            run.session.run(run.step)
            clock.sleep(5)
            status = run.status()
            assert (status.global_step, status.now_ms, status.session_since_ms) == (1, 5000, 0)
            assert (status.placed, list(status.holds)) == (False, [])
            assert (list(status.blocked), list(status.free)) == ([], [1, 2])
            assert not status.HasField("last_save")
            assert status.watch == Watch(polls=1, last_good_poll_ms=0)

    play(main)


def test_who_holds_it_since_when(play, chief, clock):
    def main():
        with chief() as run:
            clock.sleep(1)
            HeldBarrier(run.barrier, "save").place_barrier(run.raw, "Save")
            clock.sleep(2)
            run.operator.place_barrier(run.raw)
            status = run.status()
            assert status.placed
            assert list(status.holds) == [
                Hold(holder="save", action="Save", since_ms=1000),
                Hold(holder="operator", since_ms=3000),
            ]
            run.operator.remove_barrier(run.raw)
            assert not run.status().holds

    play(main)


def test_the_last_save_and_how_it_failed(play, chief, clock):
    def main():
        with chief() as run:
            run.session.run(run.step)
            clock.sleep(1)
            run.saver_hook.trigger_save(run.raw)
            assert run.status().last_save == Save(step=1, ended_ms=1000)
            run.saver.error = ValueError("no")
            run.session.run(run.step)
            clock.sleep(1)
            with pytest.raises(ValueError, match="no"):
                run.saver_hook.trigger_save(run.raw)
            assert run.status().last_save == Save(step=2, ended_ms=2000, error="ValueError")
            run.saver.error = None

    play(main)


def test_an_alarm_and_who_is_unhealthy(play, chief, clock):
    def main():
        with chief() as run:
            run.health = b"\x08\x01"
            clock.sleep(31)
            status = run.status()
            assert list(status.watch.unhealthy) == [0, 1]
            assert status.watch.alarms == 1
            assert [hold.holder for hold in status.holds] == ["ps_health"]

    play(main)


def test_a_note_of_a_session_that_is_gone_is_not_shown(play, chief, clock):
    def main():
        with chief() as run:
            run.operator.place_barrier(run.raw)
            # As a recreated session's initialiser does.
            run.raw.run(tf1.get_collection(tf1.GraphKeys.LOCAL_VARIABLES)[0].initializer)
            assert run.barrier.holds
            status = run.status()
            assert (status.placed, list(status.holds)) == (False, [])

    play(main)
