"""Every fact of docs/behaviour.md has evidence, or says why it has none."""

from __future__ import annotations

from parity.app.evidence import covering_tests, evidence
from parity.base import project
from parity.spec.facts import read_facts
from parity.spec.scenario import COVERED

FACTS = read_facts(project.BEHAVIOUR)
NUMBERS = {fact.number for fact in FACTS}


def test_every_fact_has_evidence_or_a_reason_and_none_has_both():
    found = evidence()
    without = {number for number in NUMBERS if number not in found or not found[number].any()}
    assert without == {fact.number for fact in FACTS if fact.unobserved is not None}


def test_nothing_is_evidence_for_an_unknown_fact():
    assert {item for item in evidence() if item not in COVERED} == set()


def test_marks_name_facts_and_nothing_else():
    tests = dict(covering_tests(project.ROOT))
    assert len(tests) > 150
    assert {number for covers in tests.values() for number in covers} <= NUMBERS


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
