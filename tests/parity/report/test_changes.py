"""What changed between two runs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from parity.players.outcome import Failed, Skipped
from parity.report.changes import changes, show_changes
from tests.parity.samples import PLACED, REPORT, SESSION, judged, report_of, trace

AGREES = judged(trace(SESSION))
DIFFERS = judged(trace(SESSION), trace(SESSION, REPORT))
DIFFERS_MORE = judged(trace(SESSION), trace(SESSION, REPORT, PLACED))
FAILED = judged(trace(SESSION), Failed("crashed", "gone"))
SKIPPED = judged(trace(SESSION), Skipped("no"))


def change(old, new):
    found = changes(report_of(*old), report_of(*new))
    return [(each.change, each.worse) for each in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([AGREES], [AGREES], []),
        ([DIFFERS], [DIFFERS], []),
        ([AGREES], [DIFFERS], [("newly differing", True)]),
        ([SKIPPED], [FAILED], [("newly differing", True)]),
        ([DIFFERS], [AGREES], [("fixed", False)]),
        ([DIFFERS], [DIFFERS_MORE], [("differs otherwise", True)]),
        ([DIFFERS_MORE], [DIFFERS], [("differs otherwise", False)]),
        ([AGREES], [SKIPPED], [("no longer played", True)]),
        ([DIFFERS], [SKIPPED], [("no longer played", True)]),
        ([SKIPPED], [AGREES], []),
        ([], [AGREES], [("new", False)]),
        ([], [DIFFERS], [("new", True)]),
        ([AGREES], [], [("gone", False)]),
    ],
)
def test_each_change_is_named_and_said_to_be_worse_or_not(old, new, expected):
    assert change(old, new) == expected


def shown(old, new):
    console = Console(file=io.StringIO(), width=200)
    code = show_changes(old, new, console)
    return code, console.file.getvalue()


def test_a_run_that_got_worse_is_told_with_the_command_that_replays_it_and_1():
    code, text = shown(report_of(AGREES), report_of(DIFFERS))
    assert code == 1
    assert text.splitlines() == [
        "newly differing   sample: agree -> differs (reports)",
        "    replay: monolith-parity replay sample.yaml --both --on rust",
        "1 got worse; 1 newly differing; 0 as before",
    ]


def test_a_run_that_is_better_or_the_same_ends_with_0():
    assert shown(report_of(DIFFERS), report_of(AGREES)) == (
        0,
        "fixed             sample: differs -> agree\nnothing got worse; 1 fixed; 0 as before\n",
    )
    assert shown(report_of(AGREES), report_of(AGREES)) == (0, "nothing got worse; 1 as before\n")


def test_runs_of_different_players_are_compared_but_it_is_said():
    _, text = shown(report_of(AGREES), report_of(AGREES, peer="recorded"))
    assert text.startswith("note: peer was rust and is recorded\n")
