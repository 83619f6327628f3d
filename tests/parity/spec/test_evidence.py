"""What scenarios can be evidence for is known by name."""

from __future__ import annotations

import re

import pytest

from parity.base import project
from parity.report.checklist.plan import BoxPlan, ModulePlan, Plan, load_plan
from parity.report.checklist.printing import PLAN
from parity.spec.references import bad_references
from parity.spec.scenario import MODULES, SEED_TESTS, coverable, unknown
from tests.parity.samples import scenario

UPSTREAM = project.ROOT / "tests" / "upstream_style"


def test_the_plan_asks_for_nothing_that_no_scenario_can_cover():
    plan = load_plan(PLAN)
    boxes = [
        getattr(module, name)
        for module in (getattr(plan, name) for name in Plan.model_fields)
        for name in ModulePlan.model_fields
    ]
    assert all(isinstance(box, BoxPlan) for box in boxes)
    asked = {s.pattern for box in boxes for s in box.evidence if s.kind == "covers"}
    assert asked
    assert asked <= coverable()


@pytest.mark.parametrize("item", SEED_TESTS)
def test_each_test_of_the_seed_is_written_in_its_style(item):
    module, _, name = item.partition(".")
    assert re.search(rf"def {name}\(", (UPSTREAM / f"{module}.py").read_text())


def test_each_module_of_ours_that_the_seed_has_can_be_covered():
    seed = {(field.alias or name).rpartition("/")[2] for name, field in Plan.model_fields.items()}
    assert seed <= set(MODULES)
    assert (project.ROOT / "monolith_hooks").is_dir()


@pytest.mark.parametrize("item", ["B1a", "B5", "B9b", "B10a", "B80b", "server_lib.parity"])
def test_what_is_known_can_be_covered(item):
    assert unknown(item) is None


@pytest.mark.parametrize(
    ("item", "got"),
    [
        ("B0", "got B0"), ("B81", "got B81"), ("B999", "got B999"), ("B01", "got B01"),
        ("b12b", "got b12b (did you mean B12b?)"), ("", "got "),
        ("B12b ", "got B12b  (did you mean B12b?)"),
        ("server_lib.partiy", "got server_lib.partiy (did you mean server_lib.parity?)"),
        ("nosuch_test.parity", "got nosuch_test.parity"),
        ("B" + "1" * 5000, f"got B{'1' * 36}..."),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_with_what_may_have_been_meant(item, got):
    ((loc, said),) = bad_references(scenario(covers=["B1a", item]))
    assert loc == ("covers", 1)
    expected = "expected a clause of B1 to B80, or an item of the seed such as server_lib.parity"
    assert said == f"{expected}, {got}"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("B29", "expected one of B29a to B29b, got B29"),
        ("B29c", "expected one of B29a to B29b, got B29c"),
        ("B29aa", "expected one of B29a to B29b, got B29aa"),
        ("B5a", "expected B5, got B5a"),
    ],
)
def test_a_fact_is_covered_by_its_clauses_alone(item, said):
    assert unknown(item) == said
