"""What is known of each bug, and the file that a later run goes on with."""

from __future__ import annotations

import pytest

from parity.base.json_lines import write_records
from parity.base.problems import UsageError
from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.planted.explored import UnexpectedOutcomes
from parity.mutation.planted.fuzzed import Hunt
from parity.mutation.planted.matrix import (
    explored_of,
    fuzzed_of,
    key_of,
    kill_of,
    read_results,
)
from parity.mutation.planted.planted import PlantedBug
from parity.search.fuzz.findings import Finding
from parity.search.fuzz.trial import Symptom

BUG = PlantedBug(
    name="wrong",
    side="python",
    about="one is two",
    breaks="B29a",
    file="one.py",
    find="1",
    replace="2",
)
FOUND = Finding(
    case="fuzz/7/40",
    symptom=Symptom(kind="differs", where="reports", what="report", lane="ps_health"),
    reason="it differs",
    seed=None,
    steps=2,
    text="about: small",
)


def kill(*verdicts):
    seen = [
        ScenarioResult(scenario=f"s{at}", verdict=each, reason=each)
        for at, each in enumerate(verdicts)
    ]
    return kill_of(BUG, "sha256:1", seen, 1.23)


def fuzzed(**hunt):
    return fuzzed_of(BUG, "sha256:1", 7, Hunt(**hunt), 1.23)


def explored(**beyond):
    return explored_of(BUG, "sha256:1", UnexpectedOutcomes(**beyond), 1.23)


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


def test_what_the_fuzzer_found_is_told_by_its_steps_and_how_long_it_took():
    found = fuzzed(played=41, first=41, finding=FOUND)
    assert not found.survived
    assert found.gist == "2 steps, after 41"
    assert found.symptom == "differs reports report ps_health"


def test_a_bug_that_no_made_up_scenario_shows_has_survived():
    missed = fuzzed(played=3000)
    assert missed.survived
    assert missed.gist == "none of 3000"


def test_an_order_that_leads_to_what_the_reference_has_not_catches_a_bug():
    found = explored(scenarios=("a", "b"), schedule="s:0.1", schedules=9)
    assert not found.survived
    assert found.gist == "a, s:0.1, ..."
    assert explored(schedules=20).gist == "none of 20 schedules"


def test_a_mutant_whose_process_died_is_caught():
    assert not fuzzed(ended="its process ended with 1").survived
    assert not explored(ended="its process ended with 1").survived


def test_what_was_written_is_read_and_there_is_one_of_each_way(tmp_path):
    path = tmp_path / "new" / "kills.jsonl"
    results = [kill("differs"), fuzzed(played=41, first=41, finding=FOUND), explored(schedules=2)]
    write_records(path, results)
    assert list(read_results(path)) == results
    assert [key_of(each) for each in results] == [
        ("wrong", "catalogue"),
        ("wrong", "fuzz"),
        ("wrong", "explore"),
    ]


def test_a_file_that_is_not_there_holds_nothing(tmp_path):
    assert list(read_results(tmp_path / "none.jsonl")) == []


def test_another_file_is_refused_with_its_line(tmp_path):
    path = tmp_path / "other.jsonl"
    path.write_text('{"kind": "header"}\n')
    with pytest.raises(UsageError, match=r"other\.jsonl:1: no result"):
        list(read_results(path))
