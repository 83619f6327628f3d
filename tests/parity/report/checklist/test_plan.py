"""docs/checklist.yaml: every module of the seed, and every box of each."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from parity.base.problems import ScenarioError
from parity.report.checklist.plan import ModulePlan, load_plan
from parity.report.checklist.printing import PLAN


def test_the_projects_own_plan_is_valid_and_has_the_seeds_ten_boxes():
    load_plan(PLAN)
    titles = [field.title for field in ModulePlan.model_fields.values()]
    assert len(titles) == 10
    assert titles[0] == "All public functions/classes mapped to Rust"
    assert titles[-1] == "Cross-language parity test completed"


def spoilt(tmp_path, change):
    document = YAML().load(PLAN.read_text())
    change(document)
    path = tmp_path / "checklist.yaml"
    YAML().dump(document, path)
    with pytest.raises(ScenarioError) as error:
        load_plan(path)
    return str(error.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan.pop("server/constants"), "server/constants: this key is missing"),
        (lambda plan: plan["server/constants"].pop("errors"), "errors: this key is missing"),
        (lambda plan: plan["server/constants"].update(eror=[]), "unknown key eror"),
        (lambda plan: plan["server/constants"].update(errors=[]), "expected a box: a list of"),
        (
            lambda plan: plan["server/constants"].update(errors={"not_applicable": "a constant"}),
            "expected a box: a list of selectors, or a mapping of not_applicable and evidence",
        ),
        (
            lambda plan: plan["server/constants"].update(
                errors={"not_applicable": "no", "evidence": [{"covers": "B25a"}]}
            ),
            "at least 10",
        ),
        (
            lambda plan: plan["server/constants"].update(
                errors={"not_applicable": "a constant", "evidence": []}
            ),
            "expected at least 1 of them",
        ),
        (
            lambda plan: plan["server/constants"].update(errors=[{"scenarios": "x"}]),
            "expected a selector: a mapping with one of the keys covers, scenario, ",
        ),
        (lambda plan: plan["server/constants"].update(errors=[{"covers": 25}]), "got 25"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said_with_its_place(tmp_path, change, said):
    text = spoilt(tmp_path, change)
    assert said in text
    assert "checklist.yaml:" in text
