"""Where facts are written down and implemented, as far as a page can link it."""

from __future__ import annotations

import ast

import pytest

from parity.base import project
from parity.report.page import implementations
from parity.report.page.implementations import implementation_of, sources_of
from parity.spec.facts import known_facts

IMPLEMENTED = {each.name: each for _, each in implementations._BY_FACT}.values()


@pytest.mark.parametrize("implementation", IMPLEMENTED, ids=lambda each: each.name)
def test_both_files_are_there_and_the_first_defines_the_name(implementation):
    python = (project.ROOT / implementation.python).read_text()
    defined = [each.name for each in ast.parse(python).body if hasattr(each, "name")]
    assert implementation.name in defined
    assert (project.ROOT / implementation.rust).is_file()


def test_every_fact_has_one_implementation_but_those_of_the_whole_and_of_a_cluster():
    numbers = [number for facts, _ in implementations._BY_FACT for number in facts]
    assert len(numbers) == len(set(numbers))
    missing = {fact for fact in known_facts() if implementation_of(fact) is None}
    assert missing == {"B39", "B40", "B41", "B48", "B49", "B50", "B78"}
    assert {f"B{number}" for number in numbers} <= known_facts().keys()


def test_a_class_has_the_line_of_its_definition():
    found = implementation_of("B8")
    assert found is not None
    line = (project.ROOT / found.python).read_text().splitlines()[found.python_line - 1]
    assert line.startswith("class PsHealthCheckerHook(")
    line = (project.ROOT / found.rust).read_text().splitlines()[found.rust_line - 1]
    assert line.startswith("pub struct PsHealthCheckerHook ")


def test_each_has_a_line_on_both_sides():
    found = [implementation_of(fact) for fact in known_facts()]
    for each in filter(None, found):
        assert (each.python_line and each.rust_line) or each.name.startswith("Second"), each


def test_what_scenarios_cover_is_listed_once_and_nothing_else():
    found = sources_of(["B8e", "B9", "B39a", "ps_check_hooks_test.test_oom", "B999"], None)
    assert found.facts.keys() == {"B8", "B9", "B39"}
    assert found.implemented == {"B8": 0, "B9": 0}
    assert [each.name for each in found.implementations] == ["PsHealthCheckerHook"]
    page = project.BEHAVIOUR.read_text().splitlines()
    assert page[found.facts["B8"] - 1] == "### B8"


def test_a_page_in_the_checkout_knows_the_way_to_it_and_another_has_none(tmp_path):
    assert sources_of([], project.ROOT / "reports" / "partial").root == "../.."
    assert sources_of([], tmp_path).root is None


def test_an_installed_package_has_no_lines_and_no_way(monkeypatch):
    monkeypatch.setattr(project, "SOURCES", None)
    found = sources_of(["B8e"], project.ROOT / "reports")
    assert (found.root, found.implementations[0].python_line) == (None, None)
