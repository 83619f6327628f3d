"""Players elsewhere: begun ahead, asked for in order, and kept as they come."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from parity.base.content_cache import ContentCache
from parity.base.executors.setup import TaskGroup, call, close_setup
from parity.base.executors.tasks import Tasks
from parity.base.problems import PortUnavailableError
from parity.players.ahead import begin
from parity.players.cached import KeptTraces
from parity.players.needs import skip_if_lacking
from parity.players.outcome import Failed, Maker, Played, Refusal, Skipped
from parity.players.remote import Introduction, RemotePlayer, introduce, play_each, play_there
from parity.spec.schedules import Choice
from tests.parity.samples import PLACED, SESSION, STEP, Script, scenario_file, trace

FILE = scenario_file()


class Scripts:
    """A setup of such players."""

    def __init__(self, *players):
        self.players = players

    def open(self):
        return list(self.players)

    def close(self, opened):
        return []

    def sources(self):
        return {}


@pytest.fixture
def remote(tmp_path):
    """A function that gives a player somewhere else, as a script has it there."""
    with ThreadPoolExecutor(1) as engine:

        def remote(script, kept=None):
            group = TaskGroup(Scripts(script))
            tasks = Tasks(
                engine,
                call,
                group,
                size=lambda: 1,
                finish=lambda: ["bye"],
                explain=lambda error: None,
            )
            (introduction,) = tasks.submit(introduce).result()
            return RemotePlayer(tasks, 0, introduction, kept)

        yield remote
    close_setup()


@pytest.fixture
def kept(tmp_path):
    return KeptTraces({"sources": "1"}, ContentCache(tmp_path / "cache"))


@pytest.mark.parametrize(
    "outcome",
    [
        Played(
            trace(SESSION, STEP, PLACED, struck={"faults[0]": True}),
            by=Maker(implementation="small", language="python", version="1"),
            choices=(Choice(candidates=("a", "b"), taken=1),),
            ordering="lanes",
            log="it said this",
        ),
        Skipped("needs disk"),
        Failed("refused", "no", "log", refusal=Refusal("unplayable", 3)),
    ],
    ids=["played", "skipped", "failed"],
)
def test_outcomes_and_scenarios_come_over_whole(outcome):
    again = pickle.loads(pickle.dumps(outcome))
    assert again == outcome
    assert vars(again) == vars(outcome)
    assert pickle.loads(pickle.dumps(FILE)) == FILE


def test_what_was_begun_is_what_the_first_play_gives_and_the_next_is_played_anew(remote):
    script = Script(trace(SESSION), trace(SESSION, STEP))
    player = remote(script)
    player.begin(FILE)
    assert player.play(FILE) == Played(trace(SESSION))
    assert script.plays == 1
    assert player.play(FILE) == Played(trace(SESSION, STEP))


def test_what_comes_is_kept_before_anybody_asks_for_it(remote, kept):
    player = remote(Script(trace(SESSION)), kept)
    player.begin(FILE, seed=3)
    assert not player.play(FILE, seed=3).cached
    assert kept.get(FILE, 3, None) == Played(trace(SESSION))
    assert kept.get(FILE, None, None) is None


def test_what_was_kept_is_not_played_but_if_it_is_asked_for_again(remote, kept):
    kept.put(FILE, None, None, Played(trace(SESSION)))
    script = Script(trace(SESSION, STEP))
    player = remote(script, kept)
    player.begin(FILE)
    first = player.play(FILE)
    assert (first, first.cached, script.plays) == (Played(trace(SESSION)), True, 0)
    assert player.play(FILE) == Played(trace(SESSION, STEP))


def test_a_player_that_can_play_nothing_any_more_says_so_here(remote):
    class Gone(Script):
        def play(self, file, seed=None, schedule=None):
            raise PortUnavailableError("given up")

    player = remote(Gone(trace()))
    player.begin(FILE)
    with pytest.raises(PortUnavailableError, match="given up"):
        player.play(FILE)


def test_it_has_the_name_and_the_channels_that_it_has_there(remote):
    script = Script(trace(), name="theirs")
    script.channels = ("reports", "order")
    player = remote(script)
    assert (player.name, player.channels) == ("theirs", ("reports", "order"))
    assert player.close() == "bye"
    assert player.close() is None


def test_a_scenario_that_one_side_lacks_something_for_is_not_begun(remote):
    needy = scenario_file(needs=["disk"])
    script = Script(trace())
    player = remote(script)
    begin([player, player], needy, None, None)
    assert script.plays == 0
    begin([player], FILE, None, None)
    player.play(FILE)
    assert script.plays == 1


def test_what_a_host_lacks_is_looked_at_on_the_host_that_plays(remote, monkeypatch):
    served = scenario_file(
        hooks=[{"server": {"ip": "::1"}}], steps=[{"rpc": "GetTrainingStatus", "expect": "OK"}]
    )
    player = remote(Script(trace()))
    monkeypatch.setattr("parity.base.host.has", lambda need: need != "ipv6")
    assert skip_if_lacking(player, served) is None
    skipped = play_there([Script(trace())], 0, served, None, None)
    assert skipped == Skipped("needs ipv6: this host has no IPv6 loopback")


def test_schedules_are_played_ahead_but_not_all_of_them(remote):
    asked = []

    def schedules():
        for i in range(10):
            asked.append(i)
            yield (i,)

    played = play_each(remote(Script(trace(SESSION), trace(STEP))), FILE, schedules())
    assert next(played).trace == trace(SESSION)
    assert asked == [0, 1, 2]
    assert [outcome.trace for outcome in played] == [trace(STEP)] * 9


def test_a_player_here_plays_a_schedule_when_somebody_asks_for_it():
    script = Script(trace(SESSION))
    played = play_each(script, FILE, [(0,), (1,)])
    assert script.plays == 0
    assert len(list(played)) == script.plays == 2


def test_an_introduction_can_be_sent():
    said = introduce([Script(trace(), name="theirs")])
    assert pickle.loads(pickle.dumps(said)) == said
    assert said == [Introduction("theirs", Script.can, tuple(Script.channels))]
