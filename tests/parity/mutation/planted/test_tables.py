"""The matrix, for a terminal and for a page."""

from __future__ import annotations

import io

from rich.console import Console

from parity.mutation.planted.matrix import (
    Explored,
    Fuzzed,
    Judged,
    Kill,
    key_of,
    kill_table,
    markdown,
)
from parity.mutation.planted.planted import PlantedBug

BASE = {"bug": "wrong", "side": "python", "basis": "sha256:1"}
BUGS = [
    PlantedBug(
        name="wrong",
        side="python",
        about="one is two",
        breaks="B29a",
        file="one.py",
        find="1",
        replace="2",
    )
]


def known(*results):
    return {key_of(each): each for each in results}


def kill(*scenarios):
    return Kill(**BASE, scenarios=scenarios, caught=len(scenarios), played=9)


def test_a_row_has_what_each_way_showed():
    judged = Judged(**BASE, way="contracts", by="test_x.py::test_y", reason="1 is not 2")
    assert "| test_x.py::test_y |" in markdown(BUGS, ["contracts"], known(judged))
    fuzzed = Fuzzed(**BASE, seed=1, first=5, played=5, steps=1, symptom="differs steps step main")
    explored = Explored(**BASE, scenarios=("c",), schedule="s:0.1", schedules=3)
    text = markdown(BUGS, ["catalogue", "fuzz", "explore"], known(kill("a"), fuzzed, explored))
    assert text.splitlines() == [
        "| bug | side | breaks | what is wrong | caught by | scenarios | fuzz | symptom "
        "| explore |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| `wrong` | python | B29a | one is two | 1 of 9 | a | 1 step, after 5 "
        "| differs steps step main | c, s:0.1 |",
    ]


def test_three_scenarios_are_named():
    assert "| a, b, c, ... |" in markdown(BUGS, ["catalogue"], known(kill(*"abcd")))
    assert "| a, b, c |" in markdown(BUGS, ["catalogue"], known(kill(*"abc")))


def test_the_table_tells_survivors_from_what_is_caught():
    def shown(result):
        console = Console(width=100, record=True, file=io.StringIO())
        console.print(kill_table(BUGS, ["catalogue"], known(result)))
        return console.export_text()

    assert "1 of 9" in shown(kill("a"))
    assert "survived" in shown(kill())
