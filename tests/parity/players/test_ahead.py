"""A player that plays ahead gives what the player itself would give, sooner."""

from __future__ import annotations

import threading

import pytest

from parity.base.content_cache import ContentCache
from parity.base.problems import PortUnavailableError
from parity.players.ahead import AheadPlayer, begin
from parity.players.cached import CachedPlayer, KeptTraces
from parity.players.outcome import Failed, Played, Skipped
from tests.parity.samples import SESSION, STEP, Script, scenario_file, trace

FILES = [scenario_file(f"health/{i}") for i in range(40)]
SOON = 10.0
"""Real seconds that something may take on a busy machine which takes none."""


class Named(Script):
    """A player that gives each scenario's name, and counts."""

    def __init__(self):
        super().__init__(trace())
        self.changed = threading.Condition()
        self.played = []
        self.closed = False

    def play(self, file, seed=None, schedule=None):
        with self.changed:
            self.played.append((file.name, seed))
            self.changed.notify_all()
        return Skipped(f"{file.name} {seed}")

    def has_played(self, count):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.played) >= count, SOON)

    def interrupt(self):
        raise AssertionError("nothing is under way")

    def close(self):
        self.closed = True
        return "bye"


class Hung(Named):
    """A player whose every play lasts until it is interrupted."""

    def __init__(self):
        super().__init__()
        self.interrupted = threading.Event()

    def play(self, file, seed=None, schedule=None):
        super().play(file, seed, schedule)
        assert self.interrupted.wait(SOON)
        return Failed("crashed", "it ended")

    def interrupt(self):
        self.interrupted.set()


@pytest.fixture
def named():
    return Named()


@pytest.fixture
def ahead(named):
    player = AheadPlayer(named)
    yield player
    player.close()


def test_each_gets_what_was_played_of_it(named, ahead):
    for file in FILES:
        ahead.begin(file, 7)
    assert [ahead.play(file, 7) for file in FILES] == [Skipped(f"{each.name} 7") for each in FILES]
    assert named.played == [(file.name, 7) for file in FILES]


def test_what_was_begun_is_played_before_anybody_asks_and_not_much_more(named, ahead):
    for file in FILES:
        ahead.begin(file)
    assert named.has_played(16)
    ahead.play(FILES[0])
    assert named.has_played(17)
    assert len(named.played) == 17


def test_what_was_not_begun_is_played_when_it_is_asked_for(named, ahead):
    ahead.begin(FILES[0])
    assert ahead.play(FILES[1]) == Skipped(f"{FILES[1].name} None")
    assert ahead.play(FILES[0]) == Skipped(f"{FILES[0].name} None")


def test_what_was_begun_with_another_seed_or_schedule_is_another_play(named, ahead):
    ahead.begin(FILES[0], 1)
    assert ahead.play(FILES[0], 2) == Skipped(f"{FILES[0].name} 2")
    assert ahead.play(FILES[0], None, (0,)) == Skipped(f"{FILES[0].name} None")
    assert ahead.play(FILES[0], 1) == Skipped(f"{FILES[0].name} 1")
    assert len(named.played) == 3


def test_a_second_play_is_another_play(named, ahead):
    ahead.begin(FILES[0])
    for _ in range(2):
        assert ahead.play(FILES[0]) == Skipped(f"{FILES[0].name} None")
    assert len(named.played) == 2


def test_what_nobody_asks_for_holds_nothing_up(ahead):
    for file in FILES:
        ahead.begin(file)
    assert ahead.play(FILES[-1]) == Skipped(f"{FILES[-1].name} None")


def test_a_player_that_can_play_no_more_says_so_to_who_asks():
    class Gone(Named):
        def play(self, file, seed=None, schedule=None):
            raise PortUnavailableError("given up")

    player = AheadPlayer(Gone())
    player.begin(FILES[0])
    with pytest.raises(PortUnavailableError, match="given up"):
        player.play(FILES[0])
    player.close()


def test_closing_plays_nothing_more(named, ahead):
    for file in FILES:
        ahead.begin(file)
    assert named.has_played(16)
    assert ahead.close() == "bye"
    assert named.closed
    assert len(named.played) == 16


def test_closing_interrupts_a_play_that_hangs():
    hung = Hung()
    player = AheadPlayer(hung)
    player.begin(FILES[0])
    player.begin(FILES[1])
    assert hung.has_played(1)
    assert player.close() == "bye"
    assert len(hung.played) == 1


def test_two_play_beside_each_other_and_each_gets_what_was_played_of_it():
    at_once = threading.Barrier(2, timeout=SOON)

    class Meets(Named):
        def play(self, file, seed=None, schedule=None):
            at_once.wait()
            return super().play(file, seed, schedule)

    both = Meets(), Meets()
    player = AheadPlayer(*both)
    for file in FILES:
        player.begin(file)
    assert [player.play(file) for file in FILES] == [Skipped(f"{each.name} None") for each in FILES]
    assert {len(each.played) for each in both} == {len(FILES) // 2}
    assert player.close() == "bye\nbye"


def test_closing_interrupts_whichever_hangs():
    hung = Hung(), Hung()
    player = AheadPlayer(*hung)
    for file in FILES:
        player.begin(file)
    assert all(each.has_played(1) for each in hung)
    player.close()
    assert all(each.closed and len(each.played) == 1 for each in hung)


def test_only_what_all_can_play_is_begun(named, ahead):
    disk = scenario_file("disk", needs=["disk"])
    begin([Script(trace()), ahead], disk, None, None)
    begin([Script(trace()), ahead], FILES[0], None, None)
    assert ahead.play(FILES[0]) == Skipped(f"{FILES[0].name} None")
    assert [name for name, _ in named.played] == [FILES[0].name]


def test_what_is_in_the_cache_is_not_begun(tmp_path, named, ahead):
    kept = KeptTraces({"sources": "1"}, ContentCache(tmp_path))
    kept.put(FILES[0], None, None, Played(trace(SESSION, STEP)))
    player = CachedPlayer("rust", kept, lambda: ahead, ahead)
    for file in FILES[:2]:
        begin([player], file, None, None)
    assert player.play(FILES[0]) == Played(trace(SESSION, STEP))
    assert player.play(FILES[1]) == Skipped(f"{FILES[1].name} None")
    assert [name for name, _ in named.played] == [FILES[1].name]


def test_a_player_that_is_not_opened_begins_nothing(tmp_path):
    def never():
        raise AssertionError("it takes seconds")

    player = CachedPlayer("python", KeptTraces({}, ContentCache(tmp_path)), never)
    begin([player], FILES[0], None, None)
