"""A cached player: it plays what it hasn't played, and nothing else."""

from __future__ import annotations

import pytest

from parity.base.content_cache import ContentCache
from parity.players.cached import CachedPlayer, KeptTraces, anew, reference_identity
from parity.players.outcome import Failed, Maker, Played, Skipped
from tests.parity.samples import PLACED, SESSION, STEP, Script, scenario_file, trace

FILE = scenario_file()
PLAYED = Played(
    trace(SESSION, STEP, struck={"faults[0]": True}),
    by=Maker(implementation="small", language="python", version="1"),
    ordering="lanes",
    log="it said this",
)


@pytest.fixture
def cache(tmp_path):
    return ContentCache(tmp_path)


def player(cache, *outcomes, **identity):
    opened = []
    script = Script(*outcomes)

    def open_script():
        opened.append(script)
        return script

    return CachedPlayer(
        "small", KeptTraces({"sources": "1", **identity}, cache), open_script
    ), opened


def test_what_was_played_is_not_played_again(cache):
    first, _ = player(cache, PLAYED)
    assert not first.play(FILE).cached
    second, opened = player(cache, trace())
    again = second.play(FILE)
    assert again == PLAYED
    assert (again.by, again.ordering, again.cached) == (PLAYED.by, "lanes", True)
    assert again.log == PLAYED.log
    assert not opened


@pytest.mark.parametrize(
    ("file", "seed", "schedule", "identity"),
    [
        (scenario_file(steps=[{"train": 2}]), None, None, {}),
        (scenario_file("other"), None, None, {}),
        (FILE, 0, None, {}),
        (FILE, None, (0,), {}),
        (FILE, None, None, {"sources": "2"}),
        (FILE, None, None, {"tensorflow": "3"}),
    ],
    ids=["scenario", "name", "seed", "schedule", "sources", "version"],
)
def test_what_a_trace_depends_on_is_its_key(cache, file, seed, schedule, identity):
    player(cache, PLAYED)[0].play(FILE)
    other, opened = player(cache, trace(PLACED), **identity)
    assert other.play(file, seed, schedule) == Played(trace(PLACED))
    assert opened


@pytest.mark.parametrize("outcome", [Skipped("needs a saver"), Failed("crashed", "it ended")])
def test_only_traces_are_kept(cache, outcome):
    player(cache, outcome)[0].play(FILE)
    second, _ = player(cache, PLAYED)
    assert not second.play(FILE).cached


@pytest.mark.parametrize("content", ["", "{}", '{"trace": 1, "by": null, "ordering": "total"}'])
def test_content_that_is_no_trace_is_played_anew(cache, content):
    spoilt, opened = player(cache, PLAYED)
    cache.get = lambda _: content
    assert not spoilt.play(FILE).cached
    assert opened


def test_a_player_anew_is_the_player_itself(cache):
    cached, opened = player(cache, PLAYED, trace())
    cached.play(FILE)
    assert anew(cached).play(FILE) == Played(trace())
    assert len(opened) == 1
    script = Script(trace())
    assert anew(script) is script


def test_a_player_that_was_never_needed_closes_well(cache):
    assert player(cache, PLAYED)[0].close() is None


def test_the_reference_is_known_by_its_sources_and_by_what_is_under_it():
    identity = reference_identity()
    assert {"sources", "python", "tensorflow", "grpcio", "protobuf"} <= identity.keys()
