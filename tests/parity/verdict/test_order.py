"""Ports that do everything, and one thing at the wrong time, are found out (BEHAVIOUR B78)."""

from __future__ import annotations

import sys

import pytest

from parity.base import project
from parity.players.driver.player import DriverPlayer
from parity.spec.loading import load_scenario
from parity.spec.trace import event_text
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences

pytestmark = pytest.mark.slow

MISORDERED = project.ROOT / "tests" / "drivers" / "misordered.py"


@pytest.fixture
def judge_misordered(python_player, request):
    def judged(bug, scenario):
        player = DriverPlayer("the port", [sys.executable, str(MISORDERED), bug])
        request.addfinalizer(player.close)
        file = load_scenario(project.SCENARIOS / f"{scenario}.yaml", project.SCENARIOS)
        return Judge(python_player, player, KnownDifferences()).judge(file)

    return judged


@pytest.mark.covers("B78a", "B78f")
@pytest.mark.parametrize(
    ("bug", "scenario", "first", "then"),
    [
        ("report_after_placing", "health/oom", "report", "barrier"),
        ("saver_after_the_other_hooks", "address/recreation", "state_file", "hook"),
        ("answer_before_the_effect", "controller/stop_twice", "barrier", "rpc"),
        ("answer_before_the_file", "controller/save_checkpoint", "state_file", "rpc"),
        ("regrouped_by_channel", "health/oom", "session", "barrier"),
    ],
)
def test_a_port_that_is_wrong_only_in_order_differs_in_order(
    judge_misordered, bug, scenario, first, then
):
    record = judge_misordered(bug, scenario)
    assert record.verdict == "differs"
    (difference,) = record.differences
    assert difference.channel == "order"
    assert (difference.reference.kind, difference.peer.kind) == (first, then)
    (sentence,) = record.reasons
    ours, theirs = event_text(difference.reference), event_text(difference.peer)
    assert f"reference has {ours} before {theirs}" in sentence
    assert f"peer has {theirs} before {ours}" in sentence


@pytest.mark.parametrize(
    ("bug", "scenario", "channel"),
    [
        ("callbacks_before_the_bit", "barrier/callbacks", "barrier"),
        ("address_before_listening", "controller/calls_of_hooks", "rpc"),
    ],
)
def test_where_the_wrong_order_shows_in_a_channel_it_is_named(
    judge_misordered, bug, scenario, channel
):
    record = judge_misordered(bug, scenario)
    assert record.verdict == "differs"
    assert channel in [difference.channel for difference in record.differences]
