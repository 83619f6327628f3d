from __future__ import annotations

import pytest

from parity.judge import Judge
from parity.known import KnownDifferences
from parity.needs import needs, play
from parity.players.outcome import Skipped
from tests.parity.samples import SESSION, Script, scenario, scenario_file, trace

KILL = {"steps": [{"fault": {"kill": "ps-0"}}]}


@pytest.mark.parametrize(
    ("keys", "needed"),
    [
        ({}, set()),
        ({"needs": ["exact_time"]}, {"exact_time"}),
        (KILL, {"kill"}),
        ({"steps": [{"fault": {"freeze": "chief"}}]}, {"stop_process"}),
        ({"steps": [{"fault": {"disk": "full"}}]}, {"disk"}),
        ({"steps": [{"fault": {"allocate": {"ps": 0, "bytes": 1}}}]}, {"real_memory"}),
        ({"faults": [{"rss": {"ps": 0, "bytes": 1}}]}, set()),
        ({"faults": [{"poll_error": {"ps": 0}}]}, {"injection"}),
    ],
)
def test_a_scenario_needs_what_it_says_and_what_its_faults_need(keys, needed):
    assert needs(scenario(**keys)) == needed


def test_a_player_that_lacks_what_is_needed_is_not_asked():
    player = Script(trace(SESSION))
    assert play(player, scenario_file(**KILL)) == Skipped("needs kill")
    assert player.plays == 0


def test_a_scenario_that_one_side_can_not_play_is_played_by_neither():
    able, unable = Script(trace(SESSION)), Script(trace(SESSION), name="unable")
    able.can = frozenset({"kill"})
    record = Judge(able, unable, KnownDifferences()).judge(scenario_file(**KILL))
    assert (record.verdict, record.reasons) == ("skipped", ("unable skipped it: needs kill",))
    assert (able.plays, unable.plays) == (0, 0)


def test_needs_and_bounds_are_no_part_of_what_is_played():
    plain, bounded = scenario(), scenario(needs=["kill"], steps=[{"train": 1, "within": "5s"}])
    assert plain.digest() == bounded.digest()
    assert plain.canonical() == bounded.canonical()
