"""The fuzzer on a mutant: how long it looks, and what it brings back."""

from __future__ import annotations

from parity.mutation.planted.fuzzed import CaseStream, hunt
from parity.players.outcome import IN_VIRTUAL_TIME, Played
from parity.search.fuzz.case import Case
from parity.search.fuzz.strategies import batch
from parity.search.fuzz.trial import Sides
from parity.spec.steps import RpcStep
from parity.spec.trace import CHANNELS
from tests.parity.samples import SESSION, STEP, scenario, trace


class Mutant:
    """Shows less than it should where a scenario has a call to StopTraining."""

    name, can, channels = "mutant", IN_VIRTUAL_TIME, CHANNELS

    def play(self, file, seed=None, schedule=None):
        stops = any(
            isinstance(step, RpcStep) and step.rpc == "StopTraining" for step in file.scenario.steps
        )
        return Played(trace(SESSION) if stops else trace(SESSION, STEP))

    def close(self):
        pass


class UnmutatedSides(Mutant):
    def play(self, file, seed=None, schedule=None):
        return Played(trace(SESSION, STEP))


def case(number, *steps):
    return Case(f"fuzz/1/{number}", scenario(steps=list(steps)), None)


PLAIN = case(0, {"train": 1})
STOPS = case(1, {"train": 2}, {"rpc": "StopTraining"}, {"advance": "1s"})


def test_it_says_how_many_scenarios_it_took_and_brings_the_smallest_back():
    found = hunt(Sides(UnmutatedSides(), Mutant()), [PLAIN, PLAIN, STOPS, PLAIN])
    assert (found.first, found.played) == (3, 3)
    assert found.finding is not None
    assert (found.finding.case, found.finding.steps) == ("fuzz/1/1", 1)
    assert "rpc: StopTraining" in found.finding.text


def test_a_bug_that_nothing_shows_is_not_found():
    found = hunt(Sides(UnmutatedSides(), Mutant()), [PLAIN] * 4)
    assert (found.first, found.played, found.finding) == (None, 4, None)


def test_a_symptom_that_stays_big_is_one_of_a_few():
    four = [{"rpc": "StopTraining"}] * 4

    class NeedsFour(Mutant):
        def play(self, file, seed=None, schedule=None):
            short = len(file.scenario.steps) < 4
            return Played(trace(SESSION, STEP) if short else trace(SESSION))

    found = hunt(Sides(UnmutatedSides(), NeedsFour()), [case(0, *four)] * 500)
    assert found.finding is not None
    assert found.finding.steps == 4
    assert found.played == 201


def test_scenarios_are_made_once_and_are_those_of_the_seed():
    made_up = CaseStream(7)
    first = list(made_up.first(30))
    assert [each.name for each in first] == [f"fuzz/7/{i}" for i in range(30)]
    assert first[25].scenario == batch(7, 1)[0].scenario
    assert all(a is b for a, b in zip(made_up.first(30), first, strict=True))
