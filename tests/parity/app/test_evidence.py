"""Every clause of docs/behaviour.md has evidence, or says why it has none."""

from __future__ import annotations

from parity.app.evidence import covering_tests, evidence, open_clauses
from parity.base import project
from parity.spec.facts import clause_numbers, known_facts
from parity.spec.scenario import coverable


def test_every_clause_has_evidence_or_a_reason():
    assert [clause.number for clause in open_clauses()] == []


def test_no_clause_has_both_evidence_and_a_reason():
    found = evidence()
    clauses = [clause for fact in known_facts().values() for clause in fact.clauses]
    unobserved = {clause.number for clause in clauses if clause.unobserved is not None}
    assert unobserved & found.keys() == set()


def test_nothing_is_evidence_for_an_unknown_clause():
    assert evidence().keys() - coverable() == set()


def test_marks_name_clauses_and_nothing_else():
    tests = dict(covering_tests(project.ROOT))
    assert len(tests) > 150
    assert {number for covers in tests.values() for number in covers} <= clause_numbers()


def test_a_test_is_found_by_its_own_mark_its_classes_and_its_modules(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(
        """
import pytest

pytestmark = [pytest.mark.timeout(3), pytest.mark.covers("B1")]

@pytest.mark.covers("B2", "B3")
@pytest.mark.parametrize("x", [1])
def test_a(x): ...

def test_b(): ...

def helper(): ...

@pytest.mark.covers("B4")
class Tests:
    @pytest.mark.covers("B5")
    def test_c(self): ...
"""
    )
    (tmp_path / "tests" / "test_y.py").write_text("def test_d(): ...\n")
    assert list(covering_tests(tmp_path)) == [
        ("tests/test_x.py::test_a", ("B1", "B2", "B3")),
        ("tests/test_x.py::test_b", ("B1",)),
        ("tests/test_x.py::test_c", ("B1", "B4", "B5")),
    ]
