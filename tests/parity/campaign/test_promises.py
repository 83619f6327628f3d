"""Each promise is broken by a history that breaks it, and by nothing less."""

from __future__ import annotations

import pytest

from parity.campaign.promises import PROMISES, WATCH_BOUND
from tests.parity.campaign.histories import (
    SECOND,
    call,
    fault,
    happened,
    history,
    look,
    steps,
)

LINEARIZABLE, LASTING, HELD, SAVED, COUNTED, GOING_ON, REPORTED, WATCHED, CLEAN = PROMISES


def broken(made):
    return {promise.name for promise in PROMISES if list(promise.breaches(made))}


def test_a_run_without_anything_breaks_nothing():
    assert broken(history()) == set()


def test_a_stop_a_look_and_a_resume_break_nothing():
    assert broken(history(call("stop", 1000), look(3000, 0), call("resume", 5000))) == set()


@pytest.mark.parametrize(
    "calls",
    [
        (call("stop", 1000), look(3000)),
        (call("stop", 1000), call("stop", 3000)),
        (call("stop", 1000, outcome="refused"),),
        (call("stop", 1000), call("resume", 3000), look(5000, 0)),
        (look(1000, 0), call("stop", 3000)),
    ],
    ids=["lost", "twice", "refused for nothing", "not undone", "before it was asked for"],
)
def test_a_stop_that_isnt_as_if_one_after_the_other_breaks_both_promises_of_the_barrier(calls):
    assert broken(history(*calls)) == {LINEARIZABLE.name, LASTING.name}


def test_calls_that_overlap_may_come_in_either_order():
    overlapping = call("stop", 1000, 9000), call("resume", 1000, 9000, operator="bob")
    assert broken(history(*overlapping, look(10_000))) == set()
    assert broken(history(*overlapping, look(10_000, 0))) == set()


def test_a_save_that_undoes_a_stop_breaks_the_promise_that_it_lasts_alone():
    saving = call("save", 2000, 9000, operator="bob", saved=1)
    made = history(call("stop", 1000, 1500), saving, look(10_000), saved=1)
    assert broken(made) == {LASTING.name}


def test_an_unknown_stop_may_come_later_or_never():
    unknown = call("stop", 1000, outcome="unknown")
    assert broken(history(unknown, look(5000), look(7000, 0))) == set()
    assert broken(history(unknown, look(5000))) == set()


def test_an_unknown_stop_doesnt_explain_a_stop_that_ends_by_itself():
    unknown = call("stop", 1000, outcome="unknown")
    assert broken(history(unknown, look(5000, 0), look(7000))) == {LINEARIZABLE.name, LASTING.name}


def test_a_new_session_clears_the_barrier():
    kill = fault("kill", "chief", 2000, 4000)
    calls = call("stop", 1000, 1500), look(10_000)
    assert broken(history(*calls, faults=(kill,), events=(happened("session", 5000),))) == set()
    assert broken(history(*calls, faults=(kill,))) != set()


def test_an_alarm_holds_the_workers_until_somebody_resumes():
    alarm = (happened("report", 2000, ps=(1,)),)
    assert broken(history(look(4000, 0), call("resume", 6000), look(8000), events=alarm)) == set()
    assert broken(history(look(500, 0), events=alarm)) == {LINEARIZABLE.name, LASTING.name}


def test_a_step_of_a_worker_that_is_seen_held_breaks_its_promise():
    calls = call("stop", 1000), look(3000, 0, 1), call("resume", 2 * SECOND)
    assert broken(history(*calls, steps=steps(1, since=SECOND))) == {HELD.name}
    assert broken(history(*calls, steps=steps(1, since=3 * SECOND))) == set()
    assert broken(history(*calls, steps=steps(1, worker=2, since=SECOND))) == set()


def test_an_acknowledged_save_must_have_written_something():
    assert broken(history(call("save", 1000))) == {SAVED.name}


def test_an_acknowledged_save_must_hold_what_was_trained_before():
    late = call("save", 1000, step_before=7, saved=6)
    assert broken(history(late, saved=6)) == {SAVED.name}
    assert broken(history(call("save", 1000, step_before=7, saved=7), saved=7)) == set()


def test_an_acknowledged_save_must_be_there_at_the_end():
    assert broken(history(call("save", 1000, step_before=7, saved=7), saved=3)) == {SAVED.name}
    assert broken(history(call("save", 1000, step_before=7, saved=7), saved=None)) == {SAVED.name}


def test_a_save_that_isnt_acknowledged_promises_nothing():
    assert broken(history(call("save", 1000, outcome="unknown", step_before=7))) == set()


@pytest.mark.parametrize("numbers", [range(1, 90, 2), [n // 2 for n in range(2, 90)]])
def test_a_global_step_that_goes_up_too_fast_or_too_slowly_breaks_its_promise(numbers):
    assert broken(history(steps=steps(*numbers, since=SECOND))) == {COUNTED.name}


def test_a_global_step_that_counts_each_step_breaks_nothing():
    assert broken(history(steps=steps(*range(1, 90), since=SECOND))) == set()


def test_who_takes_no_step_in_the_end_breaks_the_promise_of_going_on():
    assert broken(history(stuck=("worker-1",))) == {GOING_ON.name}


@pytest.mark.parametrize(
    ("trouble", "target"),
    [("stop", "ps-1"), ("memory", "ps-1"), ("stall", "chief ps-1"), ("cut", "chief ps-1")],
)
def test_an_unhealthy_ps_must_be_reported_within_the_bound(trouble, target):
    unwell = (fault(trouble, target, 2 * SECOND, 2 * SECOND + WATCH_BOUND),)
    assert broken(history(faults=unwell)) == {REPORTED.name}
    other = (happened("report", 3 * SECOND, ps=(0,)),)
    assert broken(history(faults=unwell, events=other)) == {REPORTED.name}
    early = (happened("report", 1000, ps=(1,)),)
    assert broken(history(faults=unwell, events=early)) == {REPORTED.name}
    reported = (happened("report", 3 * SECOND, ps=(0, 1)),)
    assert broken(history(faults=unwell, events=reported)) == set()


def test_a_ps_that_recovers_before_the_bound_neednt_be_reported():
    short = (fault("memory", "ps-1", 2 * SECOND, 2 * SECOND + WATCH_BOUND - 1),)
    assert broken(history(faults=short)) == set()


def test_while_the_chief_is_disturbed_the_bound_doesnt_run():
    faults = (
        fault("memory", "ps-1", 2 * SECOND, 2 * SECOND + WATCH_BOUND),
        fault("stop", "chief", 3 * SECOND, 4 * SECOND),
    )
    assert broken(history(faults=faults)) == set()


def test_a_watch_that_is_dead_at_the_end_breaks_its_promise():
    assert broken(history(watched=False)) == {WATCHED.name}


def test_a_process_that_is_left_breaks_its_promise():
    assert broken(history(left_behind=("process 7",))) == {CLEAN.name}


def test_each_promise_says_how_often_it_could_have_been_broken():
    made = history(
        call("stop", 1000), look(3000, 0, 1, 2), call("save", 9000, step_before=1, saved=1), saved=1
    )
    assert [promise.chances(made) for promise in PROMISES] == [3, 3, 2, 1, 1, 1, 0, 1, 1]


def test_a_ps_that_fails_during_a_sessions_first_poll_neednt_be_reported():
    first = (fault("stop", "ps-1", SECOND, SECOND + 2 * WATCH_BOUND),)
    assert broken(history(faults=first)) == set()


def test_a_ps_that_wasnt_seen_healthy_in_between_neednt_be_reported_again():
    again = 2 * SECOND + WATCH_BOUND
    faults = (
        fault("memory", "ps-1", 2 * SECOND, again),
        fault("memory", "ps-1", again + 1000, again + 1000 + WATCH_BOUND),
    )
    reported = (happened("report", 3 * SECOND, ps=(1,)),)
    assert broken(history(faults=faults, events=reported)) == set()
    assert broken(history(faults=faults)) == {REPORTED.name}
