"""A watch that goes on: what scenarios/resilient, which both sides play, does not show."""

from __future__ import annotations

import itertools

import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.logging_ops_pb2 import MachineHealthResult
from monolith_hooks.ps_check_hooks import Config, PsHealthCheckerHook
from monolith_hooks.resilient_watch import Resilience, WatchStatus

tf1 = tf.compat.v1

SICK = MachineHealthResult(message="too much").SerializeToString()


class Watched:
    """A chief whose resilient health hook asks PS that give these bytes, or raise."""

    def __init__(self, clock, config, *checks, report=None, callbacks=(), **options):
        self.clock = clock
        self.checks = list(checks)
        self.asked = [[] for _ in checks]
        self.reports = []
        self.barrier = BarrierOp(2, barrier_callbacks=list(callbacks), clock=clock)
        self.hook = PsHealthCheckerHook(
            Config(self.barrier, len(checks), lambda _: "", report or self.report),
            clock=clock,
            machine_info=self.info,
            check_machine_health=self.check,
            resilience=Resilience(**options),
        )
        tf1.train.get_or_create_global_step()
        self._creator = tf1.train.ChiefSessionCreator(config=config)

    def __enter__(self):
        self.session = tf1.train.MonitoredSession(self._creator, [self.hook]).__enter__()
        self.raw = self.session._tf_sess()
        return self

    def __exit__(self, *raised):
        return self.session.__exit__(*raised)

    def info(self, mem_limit=None, shared_name=None):
        return tf.constant(shared_name)

    def check(self, info):
        index = int(tf.get_static_value(info).item().decode().rpartition("_")[2])

        def give():
            self.asked[index].append(self.clock.now())
            given = self.checks[index]
            return given() if callable(given) else given

        return tf.numpy_function(give, [], tf.string)

    def report(self, results):
        self.reports.append((self.clock.now(), {i: r.message for i, r in results.items()}))

    @property
    def held(self):
        return self.barrier.is_barrier_placed(self.raw)

    @property
    def status(self):
        return self.hook.watch_status


@pytest.fixture
def watched(clock, config):
    return lambda *checks, **options: Watched(clock, config, *checks, **options)


def fails():
    raise RuntimeError("gone")


def test_the_wait_after_a_poll_that_went_wrong_doubles_up_to_the_interval(play, watched, clock):
    def main():
        with watched(fails, unreachable_after=99) as chief:
            clock.sleep(150)
            alone = chief.asked[0][1:]  # The first time it was asked with all.
            waits = [after - before for before, after in itertools.pairwise(alone)]
            assert waits[:6] == [1, 2, 4, 8, 16, 30]
            assert waits[6:] == [30] * len(waits[6:])

    play(main)


def test_the_options_are_by_default_what_the_page_says():
    assert vars(Resilience()) == {
        "poll_deadline_seconds": 10,
        "report_deadline_seconds": 30,
        "backoff_seconds": 1,
        "unreachable_after": 3,
    }


def test_the_longest_deadline_is_taken_and_a_longer_one_refused():
    assert Resilience(report_deadline_seconds=10**6).report_deadline_seconds == 10**6
    with pytest.raises(ValueError, match=r"report_deadline_seconds: expected 0\.001 to 1000000"):
        Resilience(report_deadline_seconds=10**6 + 1)


def test_the_first_poll_asks_all_and_then_each_alone_and_the_next_ones_ask_all(
    play, watched, clock
):
    def main():
        with watched(b"", b"") as chief:
            clock.sleep(61)
            assert chief.asked == [[0, 0, 30, 60], [0, 0, 30, 60]]

    play(main)


def test_a_report_that_raises_is_counted_and_tried_again_after_the_backoff(play, watched, clock):
    def main():
        tries = []

        def report(results):
            tries.append(clock.now())
            if len(tries) == 1:
                raise RuntimeError("no")

        with watched(SICK, report=report) as chief:
            clock.sleep(0.5)
            assert (chief.status.alarms, chief.status.failed_reports) == (0, 1)
            clock.sleep(60)
            assert tries == [0, 1]
            assert (chief.status.alarms, chief.status.failed_reports) == (1, 1)

    play(main)


def test_a_report_that_cannot_be_begun_is_tried_again_after_the_backoff(play, watched, clock):
    def main():
        begin, refused = clock.start_thread, []

        def start_thread(target, *, name, **options):
            if name == "ps_report" and not refused:
                refused.append(clock.now())
                raise RuntimeError("can't start new thread")
            return begin(target, name=name, **options)

        clock.start_thread = start_thread
        with watched(SICK) as chief:
            clock.sleep(60)
            assert refused == [0]
            assert [at for at, _ in chief.reports] == [1]
            assert (chief.status.alarms, chief.status.failed_reports) == (1, 1)

    play(main)


def test_who_gives_no_answer_for_a_while_is_not_held_for_again_after_a_resume(play, watched, clock):
    def main():
        with watched(SICK, b"", unreachable_after=99) as chief:
            clock.sleep(1)
            assert chief.held
            chief.checks[:] = [fails, SICK]
            clock.sleep(60)
            chief.barrier.remove_barrier(chief.raw)
            chief.checks[0] = SICK
            clock.sleep(120)
            assert not chief.held

    play(main)


@pytest.mark.parametrize("hours", [-24, 24])
def test_somebody_who_sets_the_clock_neither_hurries_nor_delays_it(play, watched, clock, hours):
    def main():
        with watched(b"", b"") as chief:
            clock.sleep(45)
            now_ns, step_ns = clock.now_ns, hours * 3600 * 10**9
            clock.now_ns = lambda: now_ns() + step_ns
            chief.checks[1] = SICK
            clock.sleep(14)
            assert chief.reports == []
            clock.sleep(2)
            ((reported, results),) = chief.reports
            assert (reported, list(results)) == (60 + hours * 3600, [1])
            assert chief.held

    play(main)


def test_the_count_of_polls_without_an_answer_begins_anew_with_an_answer(play, watched, clock):
    def main():
        answers = iter([fails, fails, b"", fails, fails, b""] * 50)

        def now_and_then():
            given = next(answers)
            return given() if callable(given) else given

        with watched(now_and_then, b"") as chief:
            clock.sleep(600)
            assert chief.reports == []
            assert not chief.held

    play(main)


def test_a_report_that_hangs_is_left_alone_and_the_workers_are_held(play, watched, clock):
    def main():
        made = []

        def report(results):
            made.append((clock.now(), sorted(results)))
            clock.sleep(100)

        with watched(SICK, b"", report=report) as chief:
            clock.sleep(29)
            assert not chief.held
            clock.sleep(1)
            clock.settle()
            assert chief.held
            chief.checks[1] = SICK
            clock.sleep(65)
            assert made == [(0, [0])]
            clock.sleep(60)
            # The first one succeeded at last, so only what came since is reported.
            ((_, both),) = made[1:]
            assert both == [0, 1]
            assert (chief.status.alarms, chief.status.failed_reports) == (0, 2)

    play(main)


def test_a_report_that_succeeds_late_is_not_made_again(play, watched, clock):
    def main():
        made = []

        def report(results):
            made.append(sorted(results))
            clock.sleep(40)

        with watched(SICK, report=report):
            clock.sleep(600)
        assert made == [[0]]

    play(main)


def test_a_late_report_does_not_count_for_a_relapse(play, watched, clock):
    def main():
        made = []

        def report(results):
            made.append((clock.now(), sorted(results)))
            clock.sleep(100 if len(made) == 1 else 0)

        with watched(SICK, b"", report=report) as chief:
            clock.sleep(50)
            chief.checks[0] = b""
            clock.sleep(250)
            chief.checks[0] = SICK
            clock.sleep(31)
            assert [of for _, of in made] == [[0], [0]]

    play(main)


def test_a_barrier_that_cannot_be_placed_is_tried_again(play, watched, clock):
    def main():
        failures = iter([True, False])

        def place(session, action):
            if next(failures):
                raise tf.errors.UnavailableError(None, None, "gone")
            real(session, action)

        with watched(SICK) as chief:
            real, chief.barrier.place_barrier = chief.barrier.place_barrier, place
            clock.sleep(0.5)
            assert not chief.held
            clock.sleep(1)
            assert chief.held
            assert len(chief.reports) == 1

    play(main)


def test_the_status_counts_polls_alarms_and_failures(play, watched, clock):
    def main():
        with watched(b"", b"") as chief:
            clock.sleep(61)
            good = WatchStatus(polls=3, last_good_poll_ns=60 * 10**9)
            assert chief.status == good
            chief.checks[1] = fails
            clock.sleep(60)
            status = chief.status
            assert status.failed_polls == status.polls - 3 > 3
            assert status.last_good_poll_ns == good.last_good_poll_ns
            assert (status.alarms, status.unhealthy) == (1, (1,))

    play(main)


def test_without_resilience_there_is_no_status(play, clock):
    def main():
        hook = PsHealthCheckerHook(Config(BarrierOp(1, clock=clock), 0), clock=clock)
        assert hook.watch_status is None

    play(main)


@pytest.mark.parametrize("name", list(vars(Resilience())))
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_an_option_that_is_no_positive_number_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}: expected .* to 1000000, got {value}"):
        Resilience(**{name: value})


def test_a_deadline_may_be_a_millisecond_and_one_poll_without_an_answer_be_enough():
    least = Resilience(0.001, 0.001, 0.001, unreachable_after=1)
    assert least.unreachable_after == 1
    with pytest.raises(ValueError, match=r"unreachable_after: expected 1 to 1000000, got 0\.5"):
        Resilience(unreachable_after=0.5)


def test_a_poll_that_the_exit_cuts_short_is_not_a_good_one(play, watched, clock):
    def main():
        with watched(fails, b"") as chief:
            clock.sleep(0.5)
            assert chief.asked[1]
            chief.hook._watch._coord.request_stop()
            clock.sleep(60)
            assert chief.status.last_good_poll_ns is None

    play(main)


def test_a_report_that_cannot_be_begun_is_tried_again(play, watched, clock):
    def main():
        with watched(b"") as chief:
            clock.sleep(1)
            start, failures = clock.start_thread, iter([True, False])

            def start_thread(target, *, name, coord=None):
                if name == "ps_report" and next(failures):
                    raise RuntimeError("can't start new thread")
                return start(target, name=name, coord=coord)

            clock.start_thread = start_thread
            chief.checks[0] = SICK
            clock.sleep(40)
            assert (len(chief.reports), chief.status.failed_reports) == (1, 1)

    play(main)
