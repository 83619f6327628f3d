from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf
from google.protobuf.message import DecodeError

from monolith_hooks import logging_ops
from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError, BarrierOp
from monolith_hooks.clock import SYSTEM_CLOCK
from monolith_hooks.logging_ops_pb2 import MachineHealthResult
from monolith_hooks.ps_check_hooks import (
    Config,
    PsHealthCheckerHook,
    _default_report,
    get_ps_machine_info_shared_name,
)

tf1 = tf.compat.v1

SICK = MachineHealthResult(
    status=MachineHealthResult.OUT_OF_MEMORY, message="too much"
).SerializeToString()


class Ward:
    """Fake machines: what each PS's health check gives, and a hook that asks them.

    Args:
        clock: The hook's.
        checks: For each PS the bytes that it gives, or a function that gives them.
    """

    def __init__(self, clock: Any, *checks: bytes | Callable[[], bytes]) -> None:
        self._clock = clock
        self.checks = list(checks)
        self.polls: list[float] = []
        self.reports: list[tuple[float, list[tuple[int, str]]]] = []
        self.barrier = BarrierOp(3, clock=clock)

    def hook(self, report: Callable[[Any], None] | None = None, **options: Any) -> Any:
        config = Config(
            options.get("barrier_op", self.barrier),
            len(self.checks),
            ps_device_fn=lambda _: "/device:CPU:0",
            report_fn=report or self.report,
        )
        return PsHealthCheckerHook(
            config, clock=self._clock, machine_info=self.info, check_machine_health=self.check
        )

    def report(self, results: Any) -> None:
        seen = [(index, result.message) for index, result in results.items()]
        self.reports.append((self._clock.now(), seen))

    def info(self, mem_limit: int | None = None, shared_name: str | None = None) -> Any:
        assert mem_limit is None
        return tf.constant(int(shared_name.removeprefix("ps_machine_info_")))

    def check(self, info: Any) -> Any:
        # An op without a gradient and without inputs that can be folded: asked at each poll.
        return tf.ensure_shape(tf.numpy_function(self._answer, [info], tf.string), [])

    def _answer(self, index: int) -> bytes:
        if index == 0:
            self.polls.append(self._clock.now())
        check = self.checks[index]
        return check() if callable(check) else check


def session_with(hooks: list[Any], config: Any) -> Any:
    return tf1.train.MonitoredSession(tf1.train.ChiefSessionCreator(config=config), hooks)


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise error

    return fail


def fate(clock: Any) -> tuple[str, type | None]:
    (thread,) = clock.threads
    return thread.fate, type(thread.error) if thread.error else None


@pytest.mark.covers("B5")
def test_the_shared_name_tells_the_index():
    assert get_ps_machine_info_shared_name(7) == "ps_machine_info_7"


@pytest.mark.covers("B6c", "B6d")
def test_healthy_machines_are_polled_at_once_and_every_30_seconds_and_not_reported(
    play, config, clock
):
    def main():
        ward = Ward(clock, b"", b"")
        with session_with([ward.hook()], config):
            clock.sleep(95)
        assert ward.polls == [0, 30, 60, 90]
        assert ward.reports == []
        assert fate(clock) == ("returned", None)
        assert clock.now() == 95

    play(main)


@pytest.mark.covers("B6d", "B15a")
def test_the_next_poll_comes_30_seconds_after_the_last_one_ended(play, config, clock):
    def slow() -> bytes:
        clock.sleep(5)
        return b""

    def main():
        ward = Ward(clock, slow)
        with session_with([ward.hook()], config):
            clock.sleep(71)
        assert ward.polls == [0, 35, 70]
        assert clock.now() == 75, "a poll that is on its way delays the exit"

    play(main)


@pytest.mark.covers("B8b", "B8e", "B9a")
def test_the_unhealthy_ones_are_reported_once_ascending_and_the_barrier_is_placed(
    play, config, clock
):
    def main():
        ward = Ward(clock, SICK, b"", SICK)
        with session_with([ward.hook()], config) as session:
            raw = session._tf_sess()
            clock.sleep(100)
            assert ward.reports == [(0, [(0, "too much"), (2, "too much")])]
            assert ward.polls == [0]
            assert ward.barrier.get_blocked_indices(raw) == [0]
            assert not session.should_stop()
            ward.barrier.remove_barrier(raw)
            ward.checks[1] = SICK
            clock.sleep(100)
            assert len(ward.reports) == 1
        assert fate(clock) == ("returned", None)

    play(main)


@pytest.mark.covers("B8d")
def test_after_an_alarm_the_thread_waits_for_a_stop_however_late(play, config, clock):
    def main():
        ward = Ward(clock, SICK)
        with session_with([ward.hook()], config):
            clock.sleep(10**7)
            assert [thread.fate for thread in clock.threads] == ["running"]
        assert fate(clock) == ("returned", None)

    play(main)


@pytest.mark.covers("B6d")
def test_one_that_falls_ill_later_is_found_by_the_next_poll(play, config, clock):
    def main():
        ward = Ward(clock, b"")
        with session_with([ward.hook()], config):
            clock.sleep(45)
            ward.checks[0] = SICK
            clock.sleep(45)
        assert ward.reports == [(60, [(0, "too much")])]

    play(main)


@pytest.mark.covers("B9a")
def test_the_chief_keeps_stepping_after_a_report(play, config, clock):
    def main():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        ward = Ward(clock, SICK)
        with session_with([ward.hook()], config) as session:
            clock.sleep(1)
            assert [session.run(step) for _ in range(3)] == [1, 2, 3]

    play(main)


@pytest.mark.covers("B7a", "B7b")
@pytest.mark.parametrize(
    "status",
    [
        pytest.param(b"\x08\x00", id="explicit OK"),
        pytest.param(b"\x08\x00\x12\x02hi", id="OK with a message"),
        pytest.param(b"\x08\x63", id="unknown enum value"),
        pytest.param(b"\x98\x06\x01", id="only unknown fields"),
        pytest.param(b"\x12\x00", id="empty message"),
    ],
)
def test_any_bytes_that_parse_mean_unhealthy(play, config, clock, status):
    def main():
        ward = Ward(clock, status)
        with session_with([ward.hook()], config) as session:
            clock.settle()
            assert [[ps for ps, _ in seen] for _, seen in ward.reports] == [[0]]
            assert ward.barrier.is_barrier_placed(session._tf_sess())

    play(main)


@pytest.mark.covers("B10a", "B10b")
def test_bytes_that_do_not_parse_end_the_watch_without_report_or_barrier(play, config, clock):
    def main():
        ward = Ward(clock, SICK, b"\xff")
        with session_with([ward.hook()], config) as session:
            clock.sleep(100)
            assert ward.barrier.is_barrier_removed(session._tf_sess())
        assert (ward.reports, ward.polls) == ([], [0])
        assert fate(clock) == ("died", DecodeError)

    play(main)


@pytest.mark.covers("B11a", "B11b", "B11c")
def test_a_report_that_raises_ends_the_watch_without_barrier(play, config, clock):
    def main():
        ward = Ward(clock, SICK)
        hook = ward.hook(report=raising(RuntimeError("report failed")))
        with session_with([hook], config) as session:
            clock.sleep(100)
            assert ward.barrier.is_barrier_removed(session._tf_sess())
        assert ward.polls == [0]
        assert fate(clock) == ("died", RuntimeError)

    play(main)


@pytest.mark.covers("B12a", "B12c")
def test_a_barrier_that_is_placed_already_ends_the_watch_after_the_report(play, config, clock):
    def main():
        ward = Ward(clock, SICK)
        with session_with([ward.hook()], config) as session:
            raw = session._tf_sess()
            ward.barrier.place_barrier(raw)
            clock.settle()
            ward.barrier.remove_barrier(raw)
            clock.sleep(100)
            assert ward.barrier.is_barrier_removed(raw)
        assert (len(ward.reports), ward.polls) == (1, [0])
        assert fate(clock) == ("died", BarrierAlreadyPlacedError)

    play(main)


@pytest.mark.covers("B13a", "B13b", "B13c")
def test_a_poll_that_raises_ends_the_watch_and_not_the_training(play, config, clock):
    def main():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        ward = Ward(clock, raising(ValueError("gone")))
        with session_with([ward.hook()], config) as session:
            clock.sleep(100)
            assert session.run(step) == 1
        assert (ward.reports, ward.polls) == ([], [0])
        assert fate(clock) == ("died", tf.errors.InvalidArgumentError)

    play(main)


@pytest.mark.covers("B15c")
def test_without_a_barrier_the_watch_dies_after_the_report(play, config, clock):
    def main():
        ward = Ward(clock, SICK)
        with session_with([ward.hook(barrier_op=None)], config):
            clock.settle()
        assert len(ward.reports) == 1
        assert fate(clock) == ("died", AttributeError)

    play(main)


@pytest.mark.covers("B15b")
def test_without_parameter_servers_the_thread_idles(play, config, clock):
    def main():
        with session_with([Ward(clock).hook()], config):
            clock.sleep(100)
        assert fate(clock) == ("returned", None)

    play(main)


@pytest.mark.covers("B36c", "B36d")
def test_a_recreated_session_has_one_live_thread_and_is_reported_again(play, config, clock):
    class FailsOnce(tf1.train.SessionRunHook):
        failed = False

        def before_run(self, run_context: Any) -> None:
            if not self.failed:
                self.failed = True
                raise tf.errors.AbortedError(None, None, "once")

    def main():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        ward = Ward(clock, SICK)
        with session_with([ward.hook(), FailsOnce()], config) as session:
            clock.sleep(5)
            assert ward.barrier.is_barrier_placed(session._tf_sess())
            session.run(step)
            assert ward.barrier.is_barrier_removed(session._tf_sess())
            clock.sleep(5)
            assert [thread.fate for thread in clock.threads] == ["returned", "running"]
            assert [time for time, _ in ward.reports] == [0, 5]

    play(main)


@pytest.mark.covers("B39a")
@pytest.mark.parametrize("phase", ["after_create_session", "before_run"])
def test_what_another_hook_raises_leaves_the_session_unchanged(play, config, clock, phase):
    class Late(tf1.train.SessionRunHook):
        pass

    setattr(Late, phase, raising(tf.errors.DeadlineExceededError(None, None, "late")))

    def main():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        ward = Ward(clock, b"")
        with (
            pytest.raises(tf.errors.DeadlineExceededError, match="late"),
            session_with([ward.hook(), Late()], config) as session,
        ):
            session.run(step)

    play(main)


@pytest.mark.covers("B6a")
def test_the_hook_must_begin_before_a_session_is_created(play, clock):
    def main():
        with pytest.raises(RuntimeError, match="call begin first"):
            Ward(clock).hook().after_create_session(None, None)

    play(main)


@pytest.mark.covers("B6b", "B14a", "B14b")
def test_a_dead_thread_reaches_the_excepthook_alone(config, monkeypatch):
    seen = []
    monkeypatch.setattr("threading.excepthook", seen.append)
    with tf.Graph().as_default():
        ward = Ward(SYSTEM_CLOCK, SICK)
        coord = tf1.train.Coordinator()
        hook = ward.hook(report=raising(RuntimeError("report failed")))
        hook.begin()
        with tf1.Session(config=config) as session:
            hook.after_create_session(session, coord)
            coord.join(stop_grace_period_secs=60)
    (died,) = seen
    assert died.exc_type is RuntimeError
    assert (died.thread.name, died.thread.daemon) == ("ps_health", True)
    assert not coord.should_stop()


def test_with_real_machine_info_a_limit_of_0_is_reported_once(play, config, clock):
    reports = []

    class Creates(tf1.train.SessionRunHook):
        """As a job does, before the chief looks."""

        def begin(self) -> None:
            name = get_ps_machine_info_shared_name(1)
            self.info = logging_ops.machine_info(mem_limit=0, shared_name=name)

        def after_create_session(self, session: Any, coord: Any) -> None:
            session.run(self.info.op)

    def main():
        barrier = BarrierOp(1, clock=clock)
        watch = Config(barrier, 2, lambda _: "/device:CPU:0", reports.append)
        with session_with([Creates(), PsHealthCheckerHook(watch, clock=clock)], config):
            clock.sleep(100)

    play(main)
    ((index, result),) = reports[0].items()
    assert len(reports) == 1
    assert index == 1
    assert result.status == MachineHealthResult.OUT_OF_MEMORY
    assert result.message.endswith(", Limit: 0")


@pytest.fixture
def absl_records():
    """The records that the default report leaves."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("absl")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


@pytest.mark.covers("B16a", "B16b", "B16c")
def test_the_default_report_is_one_record_at_error(absl_records):
    out = MachineHealthResult.OUT_OF_MEMORY
    _default_report(
        {
            0: MachineHealthResult(status=out, message='100% of "it"'),
            2: MachineHealthResult(status=out, message="b"),
            3: MachineHealthResult(),
        }
    )
    (record,) = absl_records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == (
        "PS are not healthy:\n"
        'PS 0: status: OUT_OF_MEMORY message: "100% of \\"it\\""\n'
        'PS 2: status: OUT_OF_MEMORY message: "b"\n'
        "PS 3: "
    )


def test_the_default_of_the_config_is_a_cpu_of_each_ps_and_the_default_report():
    config = Config(None, 3)
    assert config.ps_device_fn(2) == "/job:ps/task:2/device:CPU:0"
    assert config.report_fn is _default_report
