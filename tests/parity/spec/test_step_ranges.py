"""The steps that events were recorded in, from what the trace shows."""

from __future__ import annotations

import bisect

import pytest

from fakes.virtual_clock import VirtualClock
from parity.kit.player import Play
from parity.players.needs import play_if_able
from parity.players.outcome import Played
from parity.players.python import player as python_player
from parity.spec.loading import load_all
from parity.spec.step_ranges import step_ranges
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, scenario, stop, trace

RSS = {"fault": {"rss": {"ps": 0, "bytes": "9GiB"}}}
STOPPED = {"kind": "barrier", "lane": "controller", "ms": 0, "blocked": [0]}
CLOSED = {"kind": "session", "lane": "main", "ms": 0, "state": "closed"}
FILES = {"kind": "files", "lane": "main", "ms": 0, "left": []}


def ranges(steps, *events, settles=True, **keys):
    found = step_ranges(scenario(steps=steps, **keys), trace(*events), settles=settles)
    return [(each.first, each.last) for each in found]


def at(ms, event):
    return {**event, "ms": ms}


def test_a_session_opens_before_the_first_step_and_closes_after_the_last_one():
    found = ranges([{"train": 1}], SESSION, REPORT, STEP, CLOSED, FILES)
    assert found == [(-1, -1), (-1, -1), (0, 0), (1, 1), (1, 1)]


def test_training_steps_are_of_the_step_that_gave_them():
    second, third = {**STEP, "global_step": 2}, {**STEP, "global_step": 3}
    found = ranges([{"train": 2}, {"train": 1}], SESSION, STEP, second, third)
    assert found == [(-1, -1), (0, 0), (0, 0), (1, 1)]


def test_of_trainings_that_were_cut_short_only_a_range_is_known():
    found = ranges([{"train": 2}, {"train": 2}, {"train": 2}], SESSION, STEP)
    assert found[1] == (0, 2)


def test_a_call_names_its_step_and_its_handler_belongs_to_it():
    steps = [{"train": 1}, {"rpc": "StopTraining"}]
    found = ranges(steps, SESSION, STEP, STOPPED, stop(call="steps[1]"))
    assert found[2:] == [(1, 1), (1, 1)]


def test_what_comes_while_time_advances_is_of_that_step():
    steps = [{"train": 1}, {"advance": "30s"}, {"advance": "30s"}]
    found = ranges(steps, SESSION, STEP, at(10_000, REPORT), at(30_000, PLACED), at(40_000, REPORT))
    assert found[2:] == [(1, 1), (1, 1), (2, 2)]


def test_a_fault_between_two_steps_shows_nothing_itself():
    steps = [{"train": 1}, {"advance": "30s"}, RSS, {"advance": "30s"}, {"train": 1}]
    last = at(60_000, {**STEP, "global_step": 2})
    found = ranges(steps, SESSION, STEP, at(30_000, REPORT), at(60_000, REPORT), last)
    assert found[2:] == [(1, 1), (3, 3), (4, 4)]


def test_without_settling_an_event_at_the_instant_between_two_steps_may_be_of_either():
    steps = [{"train": 1}, {"advance": "30s"}, {"rpc": "StopTraining"}]
    events = (SESSION, STEP, at(30_000, REPORT), stop(ms=30_000, call="steps[2]"))
    assert ranges(steps, *events)[2] == (1, 1)
    assert ranges(steps, *events, settles=False)[2] == (1, 2)


def test_what_runs_beside_main_is_not_of_an_earlier_step_than_its_own():
    steps = [
        {"train": 1},
        {"background": {"rpc": "StopTraining"}, "after": "1s"},
        {"advance": "3s"},
    ]
    answer = stop(lane="background-1", ms=1_000, call="steps[1].background")
    assert ranges(steps, SESSION, STEP, answer)[2] == (2, 2)


def test_an_answer_in_the_wrong_place_leaves_everything_open_that_it_contradicts():
    steps = [{"rpc": "StopTraining"}, {"rpc": "StopTraining"}]
    found = ranges(steps, SESSION, stop(call="steps[1]"), stop(call="steps[0]"))
    assert found == [(-1, -1), (-1, 2), (-1, 2)]


def test_calls_and_lanes_that_the_scenario_has_not_are_no_mistake():
    odd = stop(lane="concurrently-7", call="steps[7].concurrently")
    far = stop(call=f"steps[{10**30}]")
    assert len(ranges([{"train": 1}], SESSION, odd, far, STEP)) == 4


@pytest.fixture
def boundaries(monkeypatch):
    """How many events were recorded before each step, told by the player itself."""
    found = []
    run, settle = Play.run, VirtualClock.settle

    def run_and_watch(play):
        def settle_and_count(clock):
            settle(clock)
            found.append(len(play._world.recorder.events))

        found.clear()
        monkeypatch.setattr(VirtualClock, "settle", settle_and_count)
        return run(play)

    monkeypatch.setattr(Play, "run", run_and_watch)
    return found


def test_every_event_was_recorded_in_a_step_of_its_range_and_nearly_always_in_the_only_one(
    boundaries,
):
    player = python_player.PythonPlayer()
    exact = total = 0
    for file in load_all([])[::6]:
        played = play_if_able(player, file)
        if not isinstance(played, Played):
            continue
        for i, found in enumerate(step_ranges(file.scenario, played.trace)):
            step = bisect.bisect_right(boundaries, i) - 1
            assert found.first <= step <= found.last, (file.name, i, found, step)
            exact += found.first == found.last
            total += 1
    assert exact / total > 0.75  # 0.86 over the whole catalogue.
