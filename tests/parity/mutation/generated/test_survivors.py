"""The list of explained survivors holds those that survive, and no others."""

from __future__ import annotations

import pytest

from parity.base.problems import ScenarioError
from parity.mutation.generated.outcome import Bases, Mutant
from parity.mutation.generated.survivors import Survivor, load_survivors, stale, unexplained


def mutant(name, side="rust"):
    return Mutant(side=side, file="a.rs", line=1, mutant=name)


def outcome(name, fate, by=""):
    return Bases("", {}).outcome(mutant(name), fate, 1, by)


def explained(name, side="rust"):
    return Survivor(side=side, file="a.rs", mutant=name, why="it is the same program as before")


def test_a_survivor_that_is_not_on_the_list_is_unexplained():
    outcomes = [outcome("x", "survived"), outcome("y", "survived"), outcome("z", "caught", "s")]
    assert unexplained([explained("x")], outcomes) == [outcomes[1]]


def test_what_is_caught_or_not_made_any_more_is_stale():
    outcomes = [outcome("x", "survived"), outcome("y", "caught", "s")]
    generated = [mutant("x"), mutant("y"), mutant("not judged")]
    entries = [explained(name) for name in ("x", "y", "gone", "not judged")]
    assert stale(entries, outcomes, generated) == [
        "a.rs:1: y: it is caught by s",
        "a.rs: gone, no. 1: there is no such mutant",
    ]


def test_the_other_side_is_not_looked_at():
    assert stale([explained("x", side="python")], [], [mutant("y")]) == []


def test_the_projects_list_is_valid():
    load_survivors()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "survivors:\n"
            + "  - {side: rust, file: a.rs, mutant: x, why: nobody can see what it does}\n" * 2,
            "explained 2 times",
        ),
        ("survivors:\n  - {side: rust, file: a.rs, mutant: x, why: short}\n", "20 characters"),
        ("survivors:\n  - {side: rust, file: a.rs, mutant: x, because: of}\n", "because"),
    ],
)
def test_a_list_that_says_something_twice_or_too_little_is_refused(tmp_path, text, said):
    path = tmp_path / "survivors.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=said):
        load_survivors(path)
