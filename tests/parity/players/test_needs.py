from __future__ import annotations

import pytest

from parity.base import host
from parity.players.needs import needs, play_if_able, skip_if_lacking
from parity.players.outcome import IN_VIRTUAL_TIME, Skipped
from parity.players.recorded import RecordedPlayer
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences
from tests.parity.samples import SESSION, Script, scenario, scenario_file, trace

KILL = {"steps": [{"fault": {"kill": "ps-0"}}]}
CALL = {"rpc": "StopTraining"}
BY_IPV6 = {"hooks": ["saver", {"server": {"ip": "::1"}}], "steps": [CALL]}
SILENT = [{"address_file": {"text": "{silent}"}}]
NO_IPV6 = "needs ipv6: this host has no IPv6 loopback"


@pytest.fixture
def without_ipv6(monkeypatch):
    host.has.cache_clear()
    monkeypatch.setitem(host._TRIALS, "ipv6", lambda: False)
    yield
    host.has.cache_clear()


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
        ({"steps": [CALL]}, {"ipv4"}),
        ({"steps": [{"background": CALL}]}, {"ipv4"}),
        ({"steps": [{"concurrently": [CALL, CALL]}]}, {"ipv4"}),
        (BY_IPV6, {"ipv6"}),
        ({**BY_IPV6, "steps": [{"train": 1}]}, set()),
        (
            {"hooks": ["saver", "server", {"call": {"phase": "end", "rpc": "StopTraining"}}]},
            {"ipv4"},
        ),
        (
            {"hooks": ["saver", "server", {"server": {"ip": "::1"}}], "steps": [CALL]},
            {"ipv4", "ipv6"},
        ),
        ({"hooks": ["saver"], "steps": [CALL]}, set()),
        ({"hooks": [{"ps_health": {"resilient": {}}}]}, {"options"}),
        ({"barrier": {"held": True}}, {"options"}),
        ({"hooks": ["saver"], "steps": SILENT}, {"ipv4"}),
    ],
)
def test_a_scenario_needs_what_it_says_and_what_its_faults_need(keys, needed):
    assert needs(scenario(**keys)) == needed


def test_a_player_that_lacks_what_is_needed_is_not_asked():
    player = Script(trace(SESSION))
    assert play_if_able(player, scenario_file(**KILL)) == Skipped("needs kill")
    assert player.plays == 0


def test_what_the_host_lacks_is_said_beside_what_the_player_lacks(without_ipv6):
    player = Script(trace(SESSION))
    assert play_if_able(player, scenario_file(**BY_IPV6)) == Skipped(NO_IPV6)
    both = scenario_file(**BY_IPV6, needs=["kill", "disk"])
    assert play_if_able(player, both) == Skipped(f"needs disk, kill; {NO_IPV6}")
    assert player.plays == 0


def test_a_host_that_has_what_is_needed_is_no_reason(monkeypatch):
    monkeypatch.setattr(host, "has", lambda need: True)
    assert skip_if_lacking(Script(trace(SESSION)), scenario_file(**BY_IPV6)) is None


def test_a_recording_needs_nothing_of_the_host(without_ipv6, tmp_path):
    file = scenario_file(**BY_IPV6)
    assert skip_if_lacking(RecordedPlayer(tmp_path, sources=None), file) is None
    assert RecordedPlayer.can > IN_VIRTUAL_TIME


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
