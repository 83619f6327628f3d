"""To the second: how long saves, stops, workers, polls and looks wait, and what comes at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.action_files import ACTION_FILENAME
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.ckpt_hooks import BarrierSaverListener
from monolith_hooks.controller_hooks import ControllerHook, QueryActionHook
from monolith_hooks.ps_check_hooks import Config, PsHealthCheckerHook
from tests.contracts.stages import VirtualStage

tf1 = tf.compat.v1


@pytest.fixture
def stage():
    return VirtualStage()


class Held:
    """A barrier of some workers in a session; its callback takes some seconds."""

    def __init__(self, clock: Any, config: Any, capacity: int, takes: float) -> None:
        self.clock = clock
        self.barrier = BarrierOp(
            capacity, barrier_callbacks=[lambda *_: clock.sleep(takes)], clock=clock
        )
        BarrierSaverListener(self.barrier)
        self.control = ControllerHook(0, self.barrier, clock=clock)
        self.session = tf1.Session(config=config)
        self.session.run(tf1.local_variables_initializer())

    def arrive(self, index: int, seconds: float) -> None:
        """Set the worker's bit after some seconds, as a worker in another process does."""

        def arrives() -> None:
            self.clock.sleep(seconds)
            self.barrier._write_bit(self.session, index, True)

        self.clock.start_thread(arrives, name=f"worker-{index}")

    def seconds(self, act: Callable[[], Any]) -> float:
        """The seconds that this takes."""
        begin = self.clock.now()
        act()
        return self.clock.now() - begin


@pytest.fixture
def play(stage, config):
    """Play a test's body with a held barrier in a graph of its own."""

    def run(body: Callable[[Held], None], capacity: int = 2, takes: float = 0) -> None:
        def main() -> None:
            with tf.Graph().as_default():
                body(Held(stage.clock, config, capacity, takes))

        stage.play(main)

    return run


@pytest.mark.covers("B53c", "B53d", "B54d", "B57a")
@pytest.mark.parametrize("takes", [0, 5, 20, 29.5, 40])
@pytest.mark.parametrize(
    ("wait", "limit"), [(1, 30), (7, 20), (1, 0), (0.5, 3), (30, 30), (1, 29.5)]
)
def test_a_save_gives_up_at_the_first_look_after_its_time_from_before_the_placing(
    play, takes, wait, limit
):
    def body(held):
        listener = BarrierSaverListener(
            held.barrier, wait_seconds=wait, max_pending_seconds=limit, clock=held.clock
        )
        look = takes + wait
        while look <= limit:
            look += wait
        assert held.seconds(lambda: listener.before_save(held.session, 1)) == look
        looks = int(limit // wait) + 1
        again = held.seconds(lambda: listener.before_save(held.session, 1))
        assert again == looks * wait, "it is placed, so no callback is called"
        assert held.seconds(lambda: listener.after_save(held.session, 1)) == 0

    play(body, takes=takes)


@pytest.mark.covers("B53c", "B53e", "B53f")
@pytest.mark.parametrize(
    ("takes", "arrivals", "taken"),
    [
        (0, [], 0),
        (4, [], 4),
        (0, [2, 4.5], 5),
        (0, [4.5, 2], 5),
        (3, [2, 1], 3),
        (3, [2, 3.5], 4),
        (0, [30.5], 31),
        (0, [31], 31),
        (0, [31.5], 31),
        (0.5, [30.25], 30.5),
    ],
)
def test_a_save_begins_at_the_look_that_finds_all_blocked(play, takes, arrivals, taken):
    def body(held):
        listener = BarrierSaverListener(held.barrier, clock=held.clock)
        for index, seconds in enumerate(arrivals, 1):
            held.arrive(index, seconds)
        assert held.seconds(lambda: listener.before_save(held.session, 1)) == taken
        held.clock.sleep(10)

    play(body, capacity=1 + len(arrivals), takes=takes)


@pytest.mark.covers("B46d", "B46e")
@pytest.mark.parametrize(
    ("arrivals", "taken"),
    [([], 0), ([1], 2), ([2, 4.5], 6), ([4.5, 2], 6), ([29.5], 30), ([31], 30), ([1, 100], 30)],
)
def test_a_stop_looks_each_2_seconds_until_30_have_passed(play, arrivals, taken):
    def body(held):
        for index, seconds in enumerate(arrivals, 1):
            held.arrive(index, seconds)
        assert held.seconds(lambda: held.control._stop(held.session)) == taken
        assert held.barrier.is_barrier_removed(held.session)
        held.clock.sleep(100)

    play(body, capacity=1 + len(arrivals))


@pytest.mark.covers("B20c", "B20d", "B22e")
@pytest.mark.parametrize(
    ("wait", "removed", "free"),
    [(1, 0.5, 1), (1, 3.5, 4), (2, 3.5, 4), (5, 3.5, 5), (0.25, 3.1, 3.25)],
)
def test_a_worker_goes_on_at_its_next_look(stage, config, wait, removed, free):
    def main() -> None:
        with tf.Graph().as_default(), tf1.Session(config=config) as session:
            clock = stage.clock
            barrier = BarrierOp(3, wait_seconds=wait, clock=clock)
            session.run(tf1.local_variables_initializer())
            barrier.place_barrier(session)

            def removes() -> None:
                clock.sleep(removed)
                barrier.remove_barrier(session)
                barrier.place_barrier(session)
                assert barrier.get_blocked_indices(session) == [0, 2], "it hasn't noticed"
                barrier.remove_barrier(session)

            clock.start_thread(removes, name="removes")
            begin = clock.now()
            barrier.wait_until_barrier_removed(session, 2)
            assert clock.now() - begin == free
            assert barrier.is_none_blocked(session)

    stage.play(main)


@pytest.mark.covers("B6c", "B6d", "B15a")
@pytest.mark.parametrize("takes", [0.5, 1, 29, 30, 45])
def test_a_poll_comes_30_seconds_after_the_last_has_ended(stage, config, takes):
    polls: list[float] = []

    def main() -> None:
        clock = stage.clock

        def poll() -> bytes:
            polls.append(clock.now() - begin)
            clock.sleep(takes)
            return b""

        with tf.Graph().as_default():
            tf1.train.get_or_create_global_step()
            hook = PsHealthCheckerHook(
                Config(BarrierOp(1, clock=clock), 1, lambda _: "/cpu:0"),
                clock=clock,
                machine_info=lambda shared_name: None,
                check_machine_health=lambda _: tf.numpy_function(poll, [], tf.string),
            )
            begin = clock.now()
            creator = tf1.train.ChiefSessionCreator(config=config)
            with tf1.train.MonitoredSession(creator, [hook]):
                clock.sleep(3 * (30 + takes) + takes / 2)
            assert clock.now() - begin == 3 * (30 + takes) + takes, "the exit waits for a poll"

    stage.play(main)
    assert polls == [number * (30 + takes) for number in range(4)]


class Slow:
    """A session in which a run takes some seconds and may fail."""

    def __init__(self, clock: Any, takes: float, fails: bool) -> None:
        self._clock, self._takes, self._fails = clock, takes, fails
        self.runs: list[float] = []

    def run(self, op: Any) -> None:
        self.runs.append(self._clock.now())
        self._clock.sleep(self._takes)
        if self._fails:
            raise ValueError("slow")


@pytest.mark.covers("B47b", "B47g", "B47j")
@pytest.mark.parametrize("takes", [0, 5, 90])
@pytest.mark.parametrize("fails", [False, True])
def test_a_look_comes_60_seconds_after_the_session_or_the_last_look(stage, tmp_path, takes, fails):
    action = tmp_path / ACTION_FILENAME

    def main() -> None:
        clock = stage.clock
        with tf.Graph().as_default():
            hook = QueryActionHook(str(tmp_path), ControllerHook(0), clock=clock)
        session = Slow(clock, takes, fails)
        begin = clock.now()
        hook.after_create_session(session, None)
        for number in range(3):
            action.write_text("action: STOP")
            clock.sleep(begin + 60 + number * (60 + takes) - clock.now() - 1)
            assert len(session.runs) == number
            clock.sleep(1 + takes + 0.5)
            assert not action.exists()
        hook.end(session)
        assert [at - begin for at in session.runs] == [
            60 + number * (60 + takes) for number in range(3)
        ]

    stage.play(main)


@pytest.mark.covers("B47j")
def test_the_end_waits_for_a_look_however_long_it_takes(stage, tmp_path):
    days = 10 * 24 * 60 * 60

    def main() -> None:
        clock = stage.clock
        with tf.Graph().as_default():
            hook = QueryActionHook(str(tmp_path), ControllerHook(0), clock=clock)
        session = Slow(clock, days, fails=False)
        hook.after_create_session(session, None)
        (tmp_path / ACTION_FILENAME).write_text("action: STOP")
        begin = clock.now()
        clock.sleep(61)
        hook.end(session)
        assert clock.now() - begin == 60 + days

    stage.play(main)


@pytest.mark.covers("B59b")
@pytest.mark.parametrize(
    ("arrives", "said"), [((1,), "All workers are blocked."), ((), "Not blocked: [1].")]
)
def test_a_save_says_that_all_are_blocked_or_who_is_not(play, caplog, arrives, said):
    def body(held: Held) -> None:
        listener = BarrierSaverListener(held.barrier, max_pending_seconds=1, clock=held.clock)
        for index in arrives:
            held.arrive(index, 0)
        with caplog.at_level("INFO"):
            listener.before_save(held.session, 7)
        assert said in [record.getMessage() for record in caplog.records]

    play(body)
