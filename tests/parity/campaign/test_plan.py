from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from parity.campaign.plan import LINKS, PROCESSES, PlannedFault, draw_plan

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


@pytest.mark.parametrize(
    ("trouble", "target"), [("kill", "ps-9"), ("memory", "chief"), ("cut", "chief")]
)
def test_a_target_that_a_trouble_cant_have_is_refused_with_those_that_it_can(trouble, target):
    with pytest.raises(
        ValidationError, match=f"target of {trouble}: expected one of .*, got {target}"
    ):
        PlannedFault(at=0, trouble=trouble, target=target, length=0)
