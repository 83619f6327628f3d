"""Exploring a mutant: it is caught by what can't come of the same scenario elsewhere."""

from __future__ import annotations

from parity.mutation.planted.explored import QUICK_TO_EXPLORE, beyond, explored_files, outcomes_of
from parity.players.outcome import IN_VIRTUAL_TIME, Failed, Played, Refusal
from parity.spec.schedules import Choice
from parity.spec.trace import CHANNELS
from tests.parity.samples import PLACED, SESSION, STEP, scenario_file, trace

FILES = [scenario_file("a"), scenario_file("b")]
SOUND = [trace(SESSION), trace(SESSION, STEP)]


class TwoOrders:
    """One choice point; each order has its outcome."""

    name, can, channels = "two", IN_VIRTUAL_TIME, CHANNELS

    def __init__(self, *outcomes):
        self._outcomes = outcomes

    def play(self, file, seed=None, schedule=None):
        taken = (schedule or (0,))[0]
        choices = (Choice(candidates=("x", "y"), taken=taken),)
        outcome = self._outcomes[taken]
        if isinstance(outcome, str):
            if outcome == "crash":
                return Failed("crashed", outcome, choices=choices)
            refusal = Refusal("deadlock") if outcome.startswith("deadlock") else None
            return Failed("refused", outcome, choices=choices, refusal=refusal)
        return Played(outcome, choices=choices)

    def close(self):
        pass


ALLOWED = outcomes_of(TwoOrders(*SOUND), FILES)


def test_all_outcomes_of_a_side_are_known():
    assert {name: len(keys) for name, keys in ALLOWED.items()} == {"a": 2, "b": 2}


def test_a_mutant_that_can_do_less_is_not_caught():
    found = beyond(TwoOrders(SOUND[0], SOUND[0]), FILES, ALLOWED)
    assert (found.scenarios, found.schedules) == ((), 4)


def test_an_outcome_that_is_not_allowed_names_its_schedule():
    found = beyond(TwoOrders(SOUND[0], trace(SESSION, PLACED)), FILES, ALLOWED)
    assert (found.scenarios, found.schedule) == (("a", "b"), "s:1")


def test_a_deadlock_is_not_allowed_and_neither_is_a_crash():
    assert beyond(TwoOrders(SOUND[0], "deadlock: nobody"), FILES, ALLOWED).schedule == "s:1"
    assert beyond(TwoOrders(SOUND[0], "crash"), FILES, ALLOWED).schedule == "a crash"


def test_what_is_explored_is_in_the_catalogue():
    assert [file.name for file in explored_files()] == list(QUICK_TO_EXPLORE)
