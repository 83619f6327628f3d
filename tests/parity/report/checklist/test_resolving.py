"""From selectors and results to ticked and open boxes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.base.model import frozen
from parity.report.checklist.plan import BoxPlan, ModulePlan, Plan
from parity.report.checklist.resolving import make_checklist
from parity.report.checklist.results import CheckResult, Results, Source

NOT_RUN = Source(doubt="not run")


def good(name, said="agree", covers=()):
    return CheckResult(name=name, good=True, said=said, covers=covers)


def bad(name, said):
    return CheckResult(name=name, good=False, said=said)


GREEN = Results(
    scenarios=Source((good("health/oom", covers=("B8a",)), good("controller/stop"))),
    cells=Source(
        (good("StopTraining/first (python to rust)"), good("address file/garbage (a to b)"))
    ),
    rust_tests=Source((good("server_lib_test::stop", "ok"), good("lib::tests::limits", "ok"))),
    python_tests=Source(
        (good("tests/x.py::test_a[1-b]", "passed"), good("tests/x.py::test_b", "p"))
    ),
    cluster=Source((good("health/basic"),)),
    cluster_tests=Source((good("tests/cluster/test_kills.py::test_kill", "passed"),)),
)
NOTHING_RUN = Results(
    scenarios=NOT_RUN,
    cluster=NOT_RUN,
    cells=NOT_RUN,
    rust_tests=NOT_RUN,
    python_tests=NOT_RUN,
    cluster_tests=NOT_RUN,
)


def box(plan, results=GREEN, root=None):
    """The first box of the first module."""
    boxes = {name: [{"covers": "B8a"}] for name in ModulePlan.model_fields}
    modules = {field.alias or name: boxes for name, field in Plan.model_fields.items()}
    modules["hook_utils_test"] = {**boxes, "public_names": plan}
    made = make_checklist(Plan.model_validate(frozen(modules)), results, root)
    assert sum(made.totals.values()) == 60
    return made.modules[0].boxes[0]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ({"covers": "B8a"}, ["health/oom"]),
        ({"scenario": "health/*"}, ["health/oom"]),
        ({"scenario": "*"}, ["health/oom", "controller/stop"]),
        ({"cluster": "health/*"}, ["health/basic"]),
        ({"python_tests": "tests/cluster/*"}, ["tests/cluster/test_kills.py::test_kill"]),
        ({"interop": "StopTraining"}, ["StopTraining/first (python to rust)"]),
        ({"interop": "StopTraining/first"}, ["StopTraining/first (python to rust)"]),
        ({"interop": "address file"}, ["address file/garbage (a to b)"]),
        ({"rust_tests": "server_lib_test"}, ["server_lib_test::stop"]),
        ({"rust_tests": "lib::tests"}, ["lib::tests::limits"]),
        ({"python_tests": "tests/x.py"}, ["tests/x.py::test_a[1-b]", "tests/x.py::test_b"]),
        ({"python_tests": "tests/x.py::test_a"}, ["tests/x.py::test_a[1-b]"]),
        ({"python_tests": "tests/x.py::test_a[1-b]"}, ["tests/x.py::test_a[1-b]"]),
    ],
)
def test_a_selector_that_finds_only_good_results_ticks_its_box(selector, found):
    ticked = box([selector])
    assert ticked.state == "ticked"
    assert [result.name for result in ticked.evidence[0].results] == found


@pytest.mark.parametrize(
    "selector",
    [
        {"covers": "B"},
        {"scenario": "health"},
        {"interop": "Stop"},
        {"rust_tests": "server_lib"},
        {"python_tests": "tests/x.py::test"},
    ],
)
def test_a_selector_that_finds_nothing_leaves_its_box_open(selector):
    opened = box([selector])
    assert opened.state == "open"
    assert opened.evidence[0].doubt == "nothing in the last results is of this name"


@pytest.mark.parametrize("said", ["differs; reports", "known; reports", "skipped", "not run"])
def test_one_result_that_is_not_good_leaves_the_box_open_and_is_named(said):
    scenarios = Source((good("health/oom"), bad("health/basic", said)))
    results = replace(NOTHING_RUN, scenarios=scenarios)
    opened = box([{"scenario": "health/*"}], results)
    assert opened.state == "open"
    assert opened.evidence[0].doubt == f"health/basic: {said}"


def test_every_selector_of_a_box_must_be_green():
    opened = box([{"covers": "B8a"}, {"covers": "B99"}])
    assert opened.state == "open"
    assert [each.doubt is None for each in opened.evidence] == [True, False]


def test_results_that_are_doubted_leave_the_box_open_with_their_doubt():
    assert box([{"covers": "B8a"}], NOTHING_RUN).evidence[0].doubt == "not run"


def test_that_a_box_is_not_applicable_must_be_shown_too():
    claim = {"not_applicable": "a constant has no threads", "evidence": [{"covers": "B8a"}]}
    shown, not_shown = box(claim), box(claim, NOTHING_RUN)
    assert (shown.state, not_shown.state) == ("ticked", "open")
    assert shown.not_applicable == not_shown.not_applicable == "a constant has no threads"


@pytest.mark.parametrize(
    ("link", "doubt"),
    [
        ("docs/page.md#the-risks-of-it", None),
        ("docs/page.md", None),
        ("docs/page.md#empty", "docs/page.md#empty is empty"),
        ("docs/page.md#gone", "docs/page.md has no section #gone"),
        ("docs/gone.md#x", "there is no page docs/gone.md"),
    ],
)
def test_a_page_is_evidence_if_the_section_is_there_and_says_something(tmp_path, link, doubt):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(
        "# Page\n\n## The risks, of it\n\nOne.\n\n## Empty\n"
    )
    found = box([{"page": link}], root=tmp_path)
    assert found.evidence[0].doubt == doubt
    assert found.state == ("ticked" if doubt is None else "open")


def test_a_plan_of_a_box_is_a_list_or_open():
    assert BoxPlan.model_validate(frozen([{"covers": "B8a"}])).evidence[0].pattern == "B8a"
