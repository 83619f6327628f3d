"""The canonical form of a scenario, and its digest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from parity.base import project
from parity.players.needs import needs
from parity.spec.loading import load_scenario
from parity.spec.scenario import Scenario
from tests.parity.samples import scenario

ALL = sorted(project.SCENARIOS.rglob("*.yaml"))
SCHEMA = Draft202012Validator(Scenario.model_json_schema(by_alias=True))


def test_the_canonical_form_has_every_default_and_plain_units():
    document = scenario(
        cluster={"ps": 2}, machines=[{"ps": 1, "rss": "1KiB"}], steps=[{"advance": "2s"}, "end"]
    ).canonical()
    assert document["session"] == "monitored"
    assert document["machines"] == [
        {"ps": 0, "rss": 2**30, "mem_limit": None},
        {"ps": 1, "rss": 1024, "mem_limit": None},
    ]
    assert document["steps"] == [{"advance": 2000}, {"end": {}}]
    assert [next(iter(hook)) for hook in document["hooks"]] == ["ps_health", "saver", "server"]


def test_a_raise_has_a_short_form_and_a_long_one():
    short, long = (
        scenario(steps=[{"raise": "ValueError"}]),
        scenario(steps=[{"raise": {"error": "ValueError", "message": "raised by the scenario"}}]),
    )
    assert short == long


def test_a_probe_says_by_default_who_raises_where():
    probe = {"name": "X", "raises": {"phase": "end", "error": "ValueError"}}
    (hook,) = scenario(hooks=[{"probe": probe}]).canonical()["hooks"]
    assert hook["probe"]["raises"]["message"] == "X raises in end"


def test_what_is_said_or_expected_does_not_change_the_digest():
    one = scenario()
    assert one.digest() == scenario(about="other", covers=["B1a"], expect={"reports": 7}).digest()
    assert one.digest() != scenario(steps=[{"train": 2}]).digest()


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_scenario_is_valid_and_its_canonical_form_is_json(path: Path):
    file = load_scenario(path, project.SCENARIOS)
    assert json.loads(json.dumps(file.scenario.canonical())) == file.scenario.canonical()
    if "options" not in needs(file.scenario):  # Those are no facts of the original's.
        assert file.scenario.covers, "every scenario says what it is evidence for"


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_scenario_fits_the_json_schema_that_editors_use(path: Path):
    SCHEMA.validate(YAML(typ="safe").load(path))


@pytest.mark.parametrize(
    "item",
    [
        "ps_check_hooks_test.test_basic",
        "ps_check_hooks_test.test_oom",
        "ps_check_hooks_test.test_raise_in_after_create_session",
        "ps_check_hooks_test.test_raise_in_before_run",
        "ps_check_hooks_test.test_default_report",
        "ps_check_hooks_test.parity",
        "ps_check_hooks.parity",
        "server_lib.parity",
        "client_lib.parity",
        "hook_utils_test.testBeforeAfterSaverListener",
    ],
)
def test_every_test_and_parity_line_of_the_seed_has_a_scenario(item):
    covers = {c for path in ALL for c in load_scenario(path, project.SCENARIOS).scenario.covers}
    assert item in covers
