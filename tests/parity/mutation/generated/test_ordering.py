"""What caught a mutant of a file is played first on the next one."""

from __future__ import annotations

from parity.mutation.generated.outcome import Bases, Mutant
from parity.mutation.generated.side import ScenarioRanking


def outcome(file, fate, by=""):
    mutant = Mutant(side="rust", file=file, line=1, mutant="delete !")
    return Bases("", {}).outcome(mutant, fate, 1, by)


def first(ranking, file):
    return ranking.first(file, ["a", "b", "c", "d", "interop"])


def test_without_experience_the_order_is_the_catalogues():
    assert first(ScenarioRanking(), "x.rs") == ["a", "b", "c", "d", "interop"]


def test_the_deadliest_for_this_file_comes_before_the_deadliest_for_others():
    ranking = ScenarioRanking([outcome("y.rs", "caught", "d"), outcome("y.rs", "timeout", "d")])
    ranking.learn(outcome("x.rs", "caught", "c"))
    ranking.learn(outcome("x.rs", "survived"))
    assert first(ranking, "x.rs") == ["c", "d", "a", "b", "interop"]


def test_what_a_case_of_interop_caught_counts_for_interop():
    ranking = ScenarioRanking([outcome("x.rs", "caught", "interop: machine/is seen")])
    assert first(ranking, "x.rs") == ["interop", "a", "b", "c", "d"]
