"""``monolith-parity explore``, as a user sees it."""

from __future__ import annotations

import sys
from collections import Counter
from functools import partial
from itertools import permutations, product

import pytest

from parity.base import project
from parity.base.problems import PortUnavailableError
from parity.players.driver.player import DriverPlayer
from parity.players.outcome import Failed, Played, Refusal, Skipped
from parity.search.explore.outcomes import ending_of
from parity.search.explore.search import Search
from parity.spec.loading import load_scenario
from tests.parity.preloaded import monolith_parity
from tests.parity.samples import PLACED, REPORT, SESSION, trace

pytestmark = pytest.mark.slow

DRIVERS = project.ROOT / "tests" / "drivers"

THREE_LOOK_FOUR_TIMES = project.SCENARIOS / "barrier" / "three_held_workers_look_four_times.yaml"

RESUMED_WHILE_A_WORKER_LOOKS = """
about: A worker comes to the barrier at the moment at which it is removed.
cluster: {ps: 0, workers: 2}
hooks: [saver, server]
steps:
  - rpc: StopTraining
  - concurrently:
      - worker: {index: 1, train: 2}
      - rpc: ResumeTraining
  - advance: 3s
expect: {blocked: [], global_step: 2}
"""


def command(*words):
    done = monolith_parity(*words)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "resumed.yaml"
    path.write_text(RESUMED_WHILE_A_WORKER_LOOKS)
    return path


def buggy(bug):
    return f"{sys.executable} {DRIVERS / 'buggy.py'} {bug}"


@pytest.mark.timeout(300)  # Some hundred plays in processes that import TensorFlow.
@pytest.mark.nightly
def test_a_lost_wake_up_that_a_run_does_not_show_is_found_and_can_be_replayed(scenario, tmp_path):
    peer = buggy("lose_a_wake_up")
    assert command("run", scenario, "--peer", peer, "--report", tmp_path / "report")[0] == 0
    code, out, _ = command("explore", scenario, "--peer", peer, "--bound", "2")
    assert code == 1
    assert "blocked" in out
    (found,) = [line for line in out.splitlines() if "replay: " in line][:1]
    name = found.split("--schedule ")[1]
    code, out, _ = command("replay", scenario, "--on", peer, "--schedule", name)
    assert code == 1
    assert "broken: expect.blocked: expected [], got [1]" in out


@pytest.mark.nightly
def test_no_seed_shows_that_lost_wake_up(scenario):
    """Thirty here; a thousand of the same bug in the port are in docs/exploring.md."""
    player = DriverPlayer("buggy", buggy("lose_a_wake_up").split())
    file = load_scenario(scenario, scenario.parent)
    played = [player.play(file, seed) for seed in (None, *range(30))]
    player.close()
    assert {list(each.trace.channel("barrier"))[-1].blocked for each in played} == {()}


def order_at_each_instant(choices):
    """Of three lanes that wake together: the first of three, the first of two, and the last."""
    for three, two in zip(choices[::2], choices[1::2], strict=True):
        first, second = three.candidates[three.taken], two.candidates[two.taken]
        (last,) = set(three.candidates) - {first, second}
        yield first, second, last


def test_three_lanes_that_look_four_times_are_played_in_every_order_once(rust_player):
    file = load_scenario(THREE_LOOK_FOUR_TIMES, project.SCENARIOS)

    def play(schedule):
        choices = rust_player.play(file, schedule=schedule).choices
        return tuple(order_at_each_instant(choices)), choices

    visits = Search(partial(map, play)).visits(bound=None, limit=None)
    played = Counter(visit.result for visit in visits)
    lanes = ("worker-1", "worker-2", "worker-3")
    assert played == Counter(product(permutations(lanes), repeat=4))
    assert played.total() == 6**4


@pytest.mark.nightly
def test_processes_say_what_one_says(scenario):
    words = ("explore", scenario, "--alone", "python", "--bound", "2")
    one = command(*words)[:2]
    for where in (("-n", "2"), ("--on", "local:2")):
        assert command(*words, *where)[:2] == one


def test_a_player_alone_shows_how_many_schedules_it_has(scenario):
    code, out, _ = command("explore", scenario, "--alone", "python", "--bound", "1")
    assert code == 0
    assert "python: " in out
    assert "schedules visited; at least" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["scenarios"], "expected one scenario file, got a folder"),
        (["scenarios/health/oom.yaml", "--alone", "python", "--peer", "rust"], "got both"),
        (["scenarios/health/oom.yaml", "--on", "python"], "--on python: expected local:N, or a"),
        (["scenarios/health/oom.yaml", "--peer", "recorded"], "recordings can't be explored"),
    ],
)
def test_what_cannot_be_explored_is_a_usage_error(words, said):
    code, _, err = command("explore", *words)
    assert code == 2
    assert said in err


def test_the_order_between_lanes_is_no_part_of_an_outcome():
    one, other = (
        ending_of(Played(trace(SESSION, REPORT))),
        ending_of(Played(trace(REPORT, SESSION))),
    )
    assert one.key == other.key
    assert one.key != ending_of(Played(trace(SESSION, REPORT, PLACED))).key


def test_a_deadlock_is_an_outcome_and_a_crash_is_not():
    assert ending_of(Failed("refused", "no lane", refusal=Refusal("deadlock"))).kind == "deadlock"
    with pytest.raises(PortUnavailableError, match="crashed: it exited"):
        ending_of(Failed("crashed", "it exited with status 7"))
    with pytest.raises(PortUnavailableError, match="needs workers"):
        ending_of(Skipped("needs workers"))
