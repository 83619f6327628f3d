"""What is known of a mutant, and for how long it is true."""

from __future__ import annotations

import pytest

from parity.base.json_lines import write_records
from parity.base.problems import UsageError
from parity.mutation.generated.outcome import Bases, Mutant, numbered, read_outcomes
from parity.mutation.judges.interop import CASES, INTEROP
from parity.mutation.judges.python_contracts import CONTRACTS, PYTHON_CONTRACTS
from parity.mutation.judges.rust_contracts import RUST_CONTRACTS
from tests.parity.samples import scenario_file

MUTANT = Mutant(side="rust", file="barrier_ops.rs", line=7, mutant="replace < with <=")


def bases(root, *scenarios):
    judges = [f"{CASES}/one.py", f"{PYTHON_CONTRACTS}/one.py", f"{RUST_CONTRACTS}/one.rs"]
    for path in judges:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    source = root / "monolith_hooks" / "one.py"
    source.parent.mkdir(exist_ok=True)
    source.write_text("ONE = 1\n")
    return Bases(Bases.of(root, []).sources, dict(scenarios))


@pytest.mark.parametrize(
    ("fate", "caught", "viable"),
    [
        ("caught", True, True),
        ("timeout", True, True),
        ("survived", False, True),
        ("unviable", False, False),
    ],
)
def test_a_run_with_a_mutant_that_hangs_is_red_too(tmp_path, fate, caught, viable):
    outcome = bases(tmp_path).outcome(MUTANT, fate, 1)
    assert (outcome.caught, outcome.viable) == (caught, viable)


def test_equal_changes_in_a_file_are_counted_and_lines_are_not_in_the_key():
    first, second, elsewhere = numbered(
        "rust", [("a.rs", 3, "delete !"), ("a.rs", 9, "delete !"), ("b.rs", 1, "delete !")]
    )
    assert [each.nth for each in (first, second, elsewhere)] == [1, 2, 1]
    assert first.key == Mutant(side="rust", file="a.rs", line=5, mutant="delete !").key
    assert str(second) == "a.rs:9: delete ! (no. 2)"


def test_what_was_caught_depends_on_its_scenario_and_what_survived_on_all(tmp_path):
    before = bases(tmp_path, ("a", "1"), ("b", "2"))
    caught = before.outcome(MUTANT, "caught", 1, by="a")
    survived = before.outcome(MUTANT, "survived", 1)
    unviable = before.outcome(MUTANT, "unviable", 1)
    one_more = bases(tmp_path, ("a", "1"), ("b", "2"), ("c", "3"))
    assert [one_more.holds(each) for each in (caught, survived, unviable)] == [True, False, True]
    another_a = bases(tmp_path, ("a", "9"), ("b", "2"))
    assert not another_a.holds(caught)


def test_what_interop_caught_or_let_pass_depends_on_its_cases(tmp_path):
    before = bases(tmp_path, ("a", "1"), ("interop", "cases"))
    caught = before.outcome(MUTANT, "caught", 1, by="interop: machine/is seen")
    survived = before.outcome(MUTANT, "survived", 1)
    assert bases(tmp_path, ("a", "2"), ("interop", "cases")).holds(caught)
    other_cases = bases(tmp_path, ("a", "1"), ("interop", "more cases"))
    assert not other_cases.holds(caught)
    assert not other_cases.holds(survived)


def test_nothing_holds_once_the_sources_are_others(tmp_path):
    outcome = bases(tmp_path).outcome(MUTANT, "unviable", 1)
    (tmp_path / "monolith_hooks" / "one.py").write_text("ONE = 2\n")
    assert not Bases.of(tmp_path, [scenario_file("a")]).holds(outcome)


def test_what_was_written_is_read(tmp_path):
    outcome = bases(tmp_path).outcome(MUTANT, "caught", 1.26, by="a", reason="step: differs")
    write_records(tmp_path / "out.jsonl", [outcome])
    assert list(read_outcomes(tmp_path / "out.jsonl")) == [outcome]
    assert outcome.seconds == 1.3


def test_a_file_of_something_else_is_refused_with_its_line(tmp_path):
    (tmp_path / "out.jsonl").write_text('{"bug": "x"}\n')
    with pytest.raises(UsageError, match=r"out.jsonl:1: no result of mutants"):
        list(read_outcomes(tmp_path / "out.jsonl"))


@pytest.mark.parametrize("path", [f"{PYTHON_CONTRACTS}/one.py", f"{RUST_CONTRACTS}/one.rs"])
def test_what_survived_is_judged_again_once_a_contract_has_changed(tmp_path, path):
    bases(tmp_path)
    before = Bases.of(tmp_path, [])
    survived = before.outcome(MUTANT, "survived", 1)
    by_interop = before.outcome(MUTANT, "caught", 1, by=f"{INTEROP}: machine/is seen")
    by_contract = before.outcome(MUTANT, "caught", 1, by=f"{CONTRACTS}: test_clock.py::test_x")
    (tmp_path / path).write_text("another")
    after = Bases.of(tmp_path, [])
    assert [after.holds(each) for each in (survived, by_interop, by_contract)] == [
        False,
        True,
        False,
    ]
