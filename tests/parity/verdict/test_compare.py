"""Where two traces differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.spec.trace import event_text
from parity.verdict.compare import compare
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, stop, trace

SAVE = {"kind": "save", "lane": "controller", "ms": 0, "step": 1}
THREAD = {
    "kind": "thread",
    "lane": "ps_health",
    "ms": 0,
    "thread": "ps_health",
    "fate": "returned",
    "error": None,
}


def test_equal_traces_agree_and_the_agreements_are_counted():
    same = trace(SESSION, REPORT, PLACED, STEP, stop())
    comparison = compare(same, same)
    assert comparison.differences == ()
    counts = {channel: count for channel, count in comparison.agreements.items() if count}
    assert counts == {"session": 1, "reports": 1, "barrier": 1, "steps": 1, "rpc": 1}


def test_the_first_difference_of_each_channel_is_named():
    comparison = compare(trace(STEP, stop("OK")), trace(STEP, stop("ALREADY_EXISTS"), REPORT))
    assert [each.channel for each in comparison.differences] == ["rpc", "reports"]
    rpc, reports = comparison.differences
    assert (rpc.reference.code, rpc.peer.code) == ("OK", "ALREADY_EXISTS")
    assert reports.reference is None


def test_a_difference_has_its_neighbours():
    steps = [{**STEP, "global_step": i} for i in range(1, 7)]
    other = [*steps[:3], {**steps[3], "global_step": 9}, *steps[4:]]
    (difference,) = compare(trace(*steps), trace(*other)).differences
    assert [event.global_step for event in difference.before] == [2, 3]
    assert (difference.reference.global_step, difference.peer.global_step) == (4, 9)
    assert [event.global_step for event in difference.after_reference] == [5, 6]


def test_the_same_event_at_another_time_differs():
    assert compare(trace(PLACED), trace({**PLACED, "ms": 1000})).differences


def test_the_same_event_on_another_lane_differs():
    assert compare(trace(PLACED), trace({**PLACED, "lane": "main"})).differences


def test_a_missing_event_at_the_end_differs():
    (difference,) = compare(trace(STEP, STEP), trace(STEP)).differences
    assert difference.peer is None


lanes = st.lists(
    st.builds(
        lambda lane, step: {**STEP, "lane": lane, "worker": 1, "global_step": step},
        st.sampled_from(["ps_health", "worker-1", "worker-2"]),
        st.integers(0, 3),
    ),
    max_size=8,
)


def test_events_that_agree_by_channel_but_not_in_sequence_differ_in_order():
    (difference,) = compare(trace(REPORT, PLACED, STEP), trace(PLACED, REPORT, STEP)).differences
    assert (difference.channel, difference.lane) == ("order", "ps_health")
    report, placed = event_text(difference.reference), event_text(difference.peer)
    assert f"reference has {report} before {placed}" in difference.sentence()
    assert f"peer has {placed} before {report}" in difference.sentence()


def test_the_order_of_lanes_at_one_instant_counts():
    on_worker = {**STEP, "lane": "worker-1", "worker": 1}
    assert channels(compare(trace(STEP, on_worker), trace(on_worker, STEP))) == ["order"]


def test_a_channel_that_differs_leaves_the_order_of_the_rest_compared():
    ours, theirs = (
        trace(SESSION, REPORT, PLACED, STEP),
        trace(SESSION, STEP, REPORT, REPORT, PLACED),
    )
    assert channels(compare(ours, theirs)) == ["order", "reports"]
    theirs = trace(SESSION, REPORT, REPORT, PLACED, STEP)
    assert channels(compare(ours, theirs)) == ["reports"]


def test_of_differences_at_one_instant_the_one_that_happened_first_leads():
    late = {**STEP, "lane": "a lane whose name sorts first"}
    ours, theirs = trace(SESSION, REPORT, STEP, late), trace(SESSION, REPORT, REPORT, STEP)
    assert channels(compare(ours, theirs)) == ["reports", "steps"]


def test_of_some_channels_the_order_among_them_is_compared():
    ours, theirs = trace(REPORT, PLACED, STEP), trace(PLACED, STEP, REPORT)
    assert not compare(ours, theirs, channels=("barrier", "steps", "order")).differences
    assert not compare(ours, theirs, channels=("reports", "barrier", "steps")).differences
    assert channels(compare(ours, theirs, channels=("reports", "steps", "order"))) == ["order"]


def test_what_was_compared_is_named():
    comparison = compare(trace(SESSION, REPORT), trace(SESSION))
    assert comparison.compared == ("reports", "session", "order")
    assert compare(trace(SESSION), trace(SESSION), "untimed").compared == ("session",)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({**PLACED, "lane": "controller"}, stop()),
        ({**PLACED, "lane": "controller"}, {**PLACED, "lane": "worker-1", "blocked": [0, 1]}),
        (SAVE, STEP),
        (THREAD, {**SESSION, "state": "closed"}),
    ],
)
def test_between_lanes_a_cause_stands_before_its_effect(first, second):
    assert channels(compare(trace(first, second), trace(second, first), "lanes")) == ["order"]


def test_an_answer_on_the_lane_that_called_is_not_held_to_other_lanes():
    placed, answer = {**PLACED, "lane": "controller"}, stop(lane="background-1")
    assert not compare(trace(placed, answer), trace(answer, placed), "lanes").differences


@given(lanes, st.randoms(use_true_random=False))
def test_a_port_with_lanes_of_its_own_order_is_held_to_the_order_on_each(events, random):
    by_lane = {lane: [e for e in events if e["lane"] == lane] for lane in ("ps_health", "worker-1")}
    others = [event for event in events if event["lane"] not in by_lane]
    shuffled = []
    queues = [list(queue) for queue in (*by_lane.values(), others)]
    while any(queues):
        shuffled.append(random.choice([queue for queue in queues if queue]).pop(0))
    assert compare(trace(*events), trace(*shuffled), "lanes").differences == ()


@given(st.permutations([SESSION, REPORT, PLACED, STEP, stop()]))
def test_only_the_same_sequence_agrees(events):
    same = [SESSION, REPORT, PLACED, STEP, stop()]
    assert bool(compare(trace(*same), trace(*events)).differences) == (events != same)


@given(lanes, lanes)
def test_comparing_is_symmetric(left, right):
    there = compare(trace(*left), trace(*right)).differences
    back = compare(trace(*right), trace(*left)).differences
    assert [(d.channel, d.reference, d.peer) for d in there] == [
        (d.channel, d.peer, d.reference) for d in back
    ]


def channels(comparison):
    return [each.channel for each in comparison.differences]
