"""What is known of each bug, and the file that a later run goes on with."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from parity.json_lines import write_records
from parity.killing.catalogue import Seen
from parity.killing.matrix import kill_of, read_kills, table
from parity.killing.planted import PlantedBug
from parity.problems import UsageError

BUG = PlantedBug(
    name="wrong", side="python", about="one is two", file="one.py", find="1", replace="2"
)


def kill(*verdicts):
    seen = [Seen(scenario=f"s{at}", verdict=each, reason=each) for at, each in enumerate(verdicts)]
    return kill_of(BUG, "sha256:1", seen, 1.23)


def test_a_bug_is_caught_by_the_scenarios_whose_verdict_is_bad():
    caught = kill("agree", "differs", "known", "failed", "skipped")
    assert caught.scenarios == ("s1", "s3")
    assert (caught.caught, caught.played, caught.reason) == (2, 5, "differs")
    assert not caught.survived


def test_a_bug_that_no_scenario_notices_has_survived():
    assert kill("agree", "known").survived


def test_the_first_five_scenarios_are_named_and_all_are_counted():
    caught = kill(*["differs"] * 7)
    assert caught.scenarios == ("s0", "s1", "s2", "s3", "s4")
    assert caught.caught == 7


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "new" / "kills.jsonl"
    write_records(path, [kill("differs"), kill("agree")])
    assert list(read_kills(path)) == [kill("differs"), kill("agree")]


def test_a_file_that_is_not_there_holds_nothing(tmp_path):
    assert list(read_kills(tmp_path / "none.jsonl")) == []


def test_another_file_is_refused_with_its_line(tmp_path):
    path = tmp_path / "other.jsonl"
    path.write_text('{"kind": "header"}\n')
    with pytest.raises(UsageError, match=r"other\.jsonl:1: no result"):
        list(read_kills(path))


def test_the_table_tells_survivors_from_what_is_caught():
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(table([kill("differs", "agree"), kill("agree")]))
    text = console.export_text()
    assert "1 of 2" in text
    assert "survived" in text
