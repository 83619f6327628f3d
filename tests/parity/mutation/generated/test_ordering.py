"""What caught a mutant of a file is played first on the next one."""

from __future__ import annotations

from parity.mutation.generated.outcome import Bases, Mutant
from parity.mutation.generated.side import Deadliest


def outcome(file, fate, by=""):
    mutant = Mutant(side="rust", file=file, line=1, mutant="delete !")
    return Bases("", {}).outcome(mutant, fate, 1, by)


def first(deadliest, file):
    return deadliest.first(file, ["a", "b", "c", "d", "interop"])


def test_without_experience_the_order_is_the_catalogues():
    assert first(Deadliest(), "x.rs") == ["a", "b", "c", "d", "interop"]


def test_the_deadliest_for_this_file_comes_before_the_deadliest_for_others():
    deadliest = Deadliest([outcome("y.rs", "caught", "d"), outcome("y.rs", "timeout", "d")])
    deadliest.learn(outcome("x.rs", "caught", "c"))
    deadliest.learn(outcome("x.rs", "survived"))
    assert first(deadliest, "x.rs") == ["c", "d", "a", "b", "interop"]


def test_what_a_case_of_interop_caught_counts_for_interop():
    deadliest = Deadliest([outcome("x.rs", "caught", "interop: machine/is seen")])
    assert first(deadliest, "x.rs") == ["interop", "a", "b", "c", "d"]
