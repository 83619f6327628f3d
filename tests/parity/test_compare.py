"""Where two traces differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from samples import PLACED, REPORT, SESSION, STEP, stop, trace

from parity.compare import compare


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
    assert '"code":"OK"' in rpc.reference
    assert '"code":"ALREADY_EXISTS"' in rpc.peer
    assert reports.reference is None


def test_a_difference_has_its_neighbours():
    steps = [{**STEP, "global_step": i} for i in range(1, 7)]
    other = [*steps[:3], {**steps[3], "global_step": 9}, *steps[4:]]
    (difference,) = compare(trace(*steps), trace(*other)).differences
    assert [_step(event) for event in difference.before] == [2, 3]
    assert (_step(difference.reference), _step(difference.peer)) == (4, 9)
    assert [_step(event) for event in difference.after_reference] == [5, 6]


def test_the_same_event_at_another_time_differs():
    assert compare(trace(PLACED), trace({**PLACED, "ms": 1000})).differences


def test_the_same_event_on_another_lane_differs():
    assert compare(trace(PLACED), trace({**PLACED, "lane": "main"})).differences


def test_a_missing_event_at_the_end_differs():
    (difference,) = compare(trace(STEP, STEP), trace(STEP)).differences
    assert difference.peer is None


lanes = st.lists(
    st.builds(
        lambda lane, step: {**STEP, "lane": lane, "global_step": step},
        st.sampled_from(["main", "worker-1", "worker-2"]),
        st.integers(0, 3),
    ),
    max_size=8,
)


@given(lanes, st.randoms(use_true_random=False))
def test_the_order_between_lanes_does_not_matter_but_that_within_one_does(events, random):
    by_lane = {lane: [e for e in events if e["lane"] == lane] for lane in ("main", "worker-1")}
    others = [event for event in events if event["lane"] not in by_lane]
    shuffled = []
    queues = [list(queue) for queue in (*by_lane.values(), others)]
    while any(queues):
        shuffled.append(random.choice([queue for queue in queues if queue]).pop(0))
    assert compare(trace(*events), trace(*shuffled)).differences == ()


@given(lanes, lanes)
def test_comparing_is_symmetric(left, right):
    there = compare(trace(*left), trace(*right)).differences
    back = compare(trace(*right), trace(*left)).differences
    assert [(d.channel, d.lane, d.reference, d.peer) for d in there] == [
        (d.channel, d.lane, d.peer, d.reference) for d in back
    ]


def _step(text):
    import json

    return json.loads(text)["global_step"]
