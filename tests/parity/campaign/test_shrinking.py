from __future__ import annotations

from parity.campaign.plan import draw_plan
from parity.campaign.shrinking import shrink

PLAN = next(plan for seed in range(99) if len((plan := draw_plan(seed, "default")).faults) > 2)


def test_what_a_breach_doesnt_need_is_left_out():
    needed = PLAN.faults[1]
    small = shrink(PLAN, lambda plan: needed in plan.faults, 100)
    assert small.faults == (needed,)
    assert not any(small.calls.values())


def test_calls_are_halved_until_those_are_left_that_it_needs():
    needed = PLAN.calls["bob"][-1]
    small = shrink(PLAN, lambda plan: needed in plan.calls["bob"], 100)
    assert small.calls["bob"] == (needed,)
    assert small.faults == ()


def test_no_more_plans_are_tried_than_it_was_told():
    tried = []
    small = shrink(PLAN, lambda plan: bool(tried.append(plan)), 5)
    assert small == PLAN
    assert len(tried) == 5
