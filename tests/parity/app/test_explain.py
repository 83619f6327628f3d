"""``monolith-parity explain``."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from parity.app.explain import explain
from parity.base import project
from parity.base.problems import UsageError
from parity.interop.cases.service import METHODS


def explained(word):
    out = StringIO()
    explain(word, Console(file=out, width=200))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_fault_is_shown_with_its_example_and_options():
    assert explained("slow_save") == [
        "faults.slow_save (fault)",
        "  Writing a checkpoint first waits this much time.",
        "  Its name has the step at which the save began. It is triggered when a write waits.",
        "  in YAML: slow_save: {takes: 2s}",
        '  in canonical JSON: {"slow_save": {"takes": 2000}}',
        "  takes: a duration such as 30s, 500ms, 2m; required",
        "    The virtual time that it takes.",
    ]


def test_a_verdict_says_what_it_means_for_the_exit_code():
    assert explained("differs") == [
        "verdicts.differs (verdict)",
        "  The sides differ; the first difference of each channel is named. "
        "A run that has one exits with 1 or more.",
    ]


def test_a_word_that_means_several_things_is_shown_in_each():
    titles = [line for line in explained("expect") if not line.startswith(" ") and line]
    assert {"steps.rpc.expect (option)", "expect (key)"} < set(titles)


def test_a_path_means_one_thing():
    assert explained("steps.rpc.expect")[0] == "steps.rpc.expect (option)"


def test_without_a_word_it_lists_what_there_is():
    lines = explained(None)
    assert lines[lines.index("hooks:") + 1].strip().startswith("ps_health, saver, server, probe")


def test_an_unknown_word_suggests_the_nearest():
    with pytest.raises(UsageError, match=r"no such key or kind \(did you mean slow_poll"):
        explained("slow_poles")


def test_a_fact_is_shown_with_each_clause_and_its_evidence():
    lines = explained("B12")
    assert lines[0] == "B12 (Health hook)"
    assert lines[1] == (
        "  B12a Where the barrier is placed already, the report is made, then "
        "BarrierAlreadyPlacedError ends the thread."
    )
    assert lines[2] == "    scenarios:"
    exit_is_clean = lines.index("  B12b The exit is clean.")
    assert "      health/barrier_already_placed" in lines[2:exit_is_clean]
    assert lines[-1] == (
        "      tests/monolith_hooks/test_ps_check_hooks.py"
        "::test_a_barrier_that_is_placed_already_ends_the_watch_after_the_report"
    )


def test_a_clause_is_shown_alone():
    assert explained("B12b") == [
        "B12b (Health hook)",
        "  The exit is clean.",
        "  scenarios:",
        "    health/barrier_already_placed",
    ]


def test_a_fact_of_one_clause_is_shown_with_its_evidence():
    assert explained("B5") == [
        "B5 (Machine info and health)",
        "  The shared name of PS i is ps_machine_info_<i>.",
        "  tests:",
        "    tests/monolith_hooks/test_ps_check_hooks.py::test_the_shared_name_tells_the_index",
    ]


def test_a_clause_that_interop_covers_names_its_cases():
    lines = explained("B43b")
    (case,) = lines[lines.index("  interop:") + 1 : lines.index("  tests:")]
    assert case.startswith("    GetBlockStatus/")


def test_many_cases_of_one_method_are_counted():
    lines = explained("B25b")
    assert "    StopTraining/twice, workers: 1" in lines
    assert f"    any order of three ({len(METHODS) ** 3} cases)" in lines


def test_a_clause_that_nothing_observes_says_why():
    (line,) = (line for line in explained("B50a") if "no evidence" in line)
    assert line.startswith("  no evidence: it is how the original's job puts these together")


def test_a_clause_without_evidence_and_reason_is_open(monkeypatch):
    monkeypatch.setattr("parity.app.explain.evidence", dict)
    assert explained("B12b")[2] == "  open: nothing is evidence for it"


def test_marks_of_markdown_are_not_shown():
    assert explained("B43b")[1].endswith("Here they are ascending (D1).")
    text = " ".join(" ".join(explained("B35")).split())
    assert "It stays after the exit." in text
    assert "ip:port or [v6]:port without" in text


@pytest.mark.parametrize("word", ["B0", "B81", "B01", "Bx", "B", "B" + "9" * 5000, "b81"])
def test_a_number_that_no_fact_has_is_refused(word):
    with pytest.raises(UsageError, match=r"^[Bb].{0,40}: no such fact; expected B1 to B80$"):
        explained(word)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("B29c", "B29c: no such clause; expected one of B29a to B29b"),
        ("B5a", "B5a: no such clause; expected B5"),
    ],
)
def test_a_clause_that_a_fact_does_not_have_is_refused_with_those_that_it_has(word, said):
    with pytest.raises(UsageError) as raised:
        explained(word)
    assert str(raised.value) == said


@pytest.mark.parametrize(("word", "meant"), [("b12", "B12"), ("b12c", "B12c")])
def test_a_small_b_may_be_meant_for_a_fact_or_a_clause(word, meant):
    with pytest.raises(UsageError, match=rf"did you mean {meant}\?"):
        explained(word)


def test_without_a_word_it_says_which_facts_there_are():
    lines = explained(None)
    assert lines[lines.index("facts:") + 1] == "  B1 to B80"


def test_in_an_installed_package_a_fact_has_its_scenarios_and_cases(monkeypatch):
    monkeypatch.setattr(project, "SOURCES", None)
    lines = explained("B25a")
    assert "  scenarios:" in lines
    assert "    StopTraining/first" in lines
    assert lines[-1] == "  tests: only a checkout has them"


def test_the_name_of_a_test_is_whole_where_a_program_reads_it():
    out = StringIO()
    explain("B12", Console(file=out, width=40))
    names = [line for line in out.getvalue().splitlines() if "::" in line]
    assert names
    assert all(line.strip().startswith("tests/") for line in names)
