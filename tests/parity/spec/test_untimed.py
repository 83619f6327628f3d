from __future__ import annotations

from parity.spec.trace import Trace
from parity.spec.untimed import bits, untimed
from parity.verdict.compare import compare
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, trace


def report_of(memory, ms=0):
    message = f"Memory limit exceeded. Current: {memory}, Limit: 7"
    results = [{"ps": 1, "status": "OUT_OF_MEMORY", "message": message}]
    return {**REPORT, "ms": ms, "results": results}


def barrier(*blocked, ms=0):
    return {**PLACED, "ms": ms, "blocked": list(blocked)}


def differences(left, right):
    return [each.channel for each in compare(left, right, "untimed").differences]


def test_times_and_bytes_are_left_out():
    left = trace(SESSION, STEP, report_of(1000))
    right = trace({**SESSION, "ms": 7}, {**STEP, "ms": 9}, report_of(1048576, ms=11))
    assert differences(left, right) == []
    differing = {each.channel for each in compare(left, right, "total").differences}
    assert differing == {"session", "steps", "reports"}


def test_another_ps_or_limit_is_a_difference():
    other_ps = {**REPORT, "results": [{**REPORT["results"][0], "ps": 0}]}
    assert differences(trace(REPORT), trace(other_ps)) == ["reports"]
    limit_8 = {**report_of(1000)}
    limit_8["results"] = [{**limit_8["results"][0], "message": "Current: 1000, Limit: 8"}]
    assert differences(trace(report_of(1000)), trace(limit_8)) == ["reports"]


def test_bits_that_change_at_the_same_time_may_be_seen_in_any_order_or_at_once():
    left = trace(barrier(0), barrier(0, 1), barrier(0, 1, 2), barrier(2), barrier())
    right = trace(barrier(0, 2), barrier(0, 1, 2), barrier(1, 2), barrier())
    assert differences(left, right) == []


def test_a_bit_that_is_never_cleared_or_set_twice_is_a_difference():
    once = trace(barrier(0), barrier())
    assert differences(once, trace(barrier(0))) == ["barrier"]
    assert differences(once, trace(barrier(0), barrier(), barrier(0), barrier())) == ["barrier"]


def test_steps_in_another_order_are_a_difference():
    second = {**STEP, "global_step": 2}
    assert differences(trace(STEP, second), trace(second, STEP)) == ["steps"]


def test_bits_say_when_each_was_set_and_cleared():
    assert bits([(0,), (0, 2), (2,), ()]) == {0: ("set", "cleared"), 2: ("set", "cleared")}
    assert bits([()]) == {}


def test_looks_at_state_files_are_left_out():
    look = {
        "kind": "state_file", "ms": 3, "lane": "main", "file": "checkpoint", "replaced": "new",
        "checkpoints": ["model.ckpt-1"], "fields": [],
    }  # fmt: skip
    assert untimed(Trace.from_json({"events": [look], "struck": {}})).events == ()
