from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from parity.campaign.plan import LINKS, PROCESSES, draw_plan

SEEDS = st.integers(0, 2**63 - 1)


@given(SEEDS)
def test_a_seed_draws_the_same_plan_for_both_setups(seed):
    plan = draw_plan(seed, "default")
    assert draw_plan(seed, "options") == plan.model_copy(update={"setup": "options"})


@given(SEEDS)
def test_faults_of_one_target_dont_overlap(seed):
    for one, other in itertools.combinations(draw_plan(seed, "default").faults, 2):
        if one.target == other.target:
            assert one.at + one.length < other.at


def test_every_trouble_every_target_and_every_call_is_drawn():
    plans = [draw_plan(seed, "default") for seed in range(300)]
    faults = [fault for plan in plans for fault in plan.faults]
    assert {fault.target for fault in faults} == {*PROCESSES, *LINKS}
    kinds = {"kill", "stop", "memory", "full_disk", "cut", "stall", "slow"}
    assert {fault.trouble for fault in faults} == kinds
    calls = {each.call for plan in plans for made in plan.calls.values() for each in made}
    assert calls == {"stop", "resume", "look", "save"}
