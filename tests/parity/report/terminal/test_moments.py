"""A play as moments."""

from __future__ import annotations

from parity.report.terminal.moments import play_of
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, scenario, trace

CLOSED = {**SESSION, "state": "closed", "ms": 9}
HELD = {"kind": "barrier", "lane": "worker-1", "ms": 5, "blocked": [0, 1]}


def rows(play):
    return [(each.row.sign, each.row.lane) for each in play.moments]


def test_each_lane_shows_the_latest_that_it_did():
    play = play_of(scenario(), trace(SESSION, STEP, REPORT))
    assert [moment.first.doing for moment in play.moments] == [
        {"main": "session created"},
        {"main": "trained to step 1"},
        {"main": "trained to step 1", "ps_health": "reported PS 1 OUT_OF_MEMORY"},
    ]


def test_the_barrier_goes_with_its_session():
    play = play_of(scenario(), trace(SESSION, PLACED, HELD, CLOSED))
    assert [moment.first.blocked for moment in play.moments] == [(), (0,), (0, 1), ()]


def test_lanes_come_in_the_order_in_which_people_think_of_them():
    fault = {"fault": {"rss": {"ps": 0, "bytes": 1}}}
    steps = [{"train": 1}, fault]
    play = play_of(scenario(cluster={"workers": 3}, steps=steps), trace(REPORT, STEP))
    assert play.lanes == ("main", "worker-1", "worker-2", "ps_health", "PS 0")


def test_a_fault_stands_where_it_was_injected_and_says_if_it_never_struck():
    steps = [{"train": 1}, {"fault": {"rss": {"ps": 0, "bytes": "9GiB"}}, "strikes": False}]
    played = trace(SESSION, STEP, CLOSED, struck={"steps[1].fault": False})
    play = play_of(scenario(steps=steps), played)
    assert rows(play) == [(" ", "main"), (" ", "main"), ("*", "PS 0"), (" ", "main")]
    assert play.moments[2].first.doing["PS 0"] == "rss 9 GiB (strikes nobody)"


def test_side_by_side_what_one_side_alone_has_is_the_first_difference():
    first, second = trace(SESSION, REPORT, PLACED), trace(SESSION, REPORT, REPORT, PLACED)
    play = play_of(scenario(), first, second)
    assert rows(play) == [
        (" ", "main"),
        (" ", "ps_health"),
        ("+", "ps_health"),
        (" ", "ps_health"),
    ]
    assert play.first_difference == 2
    assert play.moments[1].first == play.moments[1].second


def test_side_by_side_each_side_has_its_own_state():
    play = play_of(scenario(), trace(SESSION, PLACED), trace(SESSION))
    assert play.moments[-1].row.sign == "-"
    assert play.moments[-1].first.blocked == (0,)
    assert play.moments[-1].second.blocked == ()


def test_equal_traces_have_no_first_difference():
    assert play_of(scenario(), trace(SESSION), trace(SESSION)).first_difference is None
