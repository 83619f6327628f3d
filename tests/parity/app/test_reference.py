"""The reference is whole, and what it shows is right."""

from __future__ import annotations

import json

import pytest
from ruamel.yaml import YAML

from parity.app.reference import entries, in_words, options_of
from parity.spec.faults import FAULTS
from parity.spec.hooks import HOOKS
from parity.spec.scenario import Expect, Scenario
from parity.spec.steps import STEPS
from parity.verdict.record import EXIT_CODES
from tests.parity.samples import scenario

ALL = entries()
KINDS = [each for each in ALL if each.kind in ("hook", "step", "fault")]


def entry(path):
    (found,) = [each for each in ALL if each.path == path]
    return found


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.path)
def test_everything_is_described(each):
    assert each.says.endswith((".", ":")), "a sentence, as the docstring of the model or its field"


def test_nothing_is_left_out():
    names = {kind: {each.name for each in ALL if each.kind == kind} for kind in
             ("hook", "fault", "step", "expectation", "verdict")}  # fmt: skip
    assert names == {
        "hook": set(HOOKS),
        "fault": set(FAULTS),
        "step": set(STEPS),
        "expectation": set(Expect.model_fields),
        "verdict": set(EXIT_CODES),
    }
    assert set(Scenario.model_fields) <= {each.path for each in ALL}


def test_nothing_is_listed_twice():
    paths = [each.path for each in ALL]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("each", KINDS, ids=lambda each: each.path)
def test_every_kind_has_an_example_that_a_scenario_can_hold(each):
    assert each.example, 'class ...(Model, json_schema_extra=example({"key": ...}))'
    listed = YAML(typ="safe").load(f"- {each.example}\n")
    canonical = scenario(**{each.path.split(".")[0]: listed}).canonical()
    assert json.loads(each.canonical) in canonical[each.path.split(".")[0]]


def test_an_option_says_what_it_accepts_and_what_it_is_by_default():
    option = entry("hooks.probe.raises.times")
    assert (option.kind, option.accepts, option.default) == (
        "option",
        "an integer, 1 to 1000000",
        "1",
    )
    assert option.says == ("The number of times that it raises, from then on.")


def test_a_step_shows_its_value_and_what_may_stand_beside_it():
    rpc = entry("steps.rpc")
    assert rpc.accepts.startswith("one of `StopTraining`, `ResumeTraining`")
    assert {"expect", "details", "response"} <= {each.name for each in options_of(rpc, ALL)}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 9}, "an integer, 0 to 9"),
        ({"enum": ["a", "b"]}, "one of `a`, `b`"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or `null`"),
        (
            {"type": "array", "items": {"enum": ["a"]}, "minItems": 2},
            "a list of 2 or more any of `a`",
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            "a list of lists of integers",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            "a mapping of names to text",
        ),
        ({"$ref": "#/$defs/X"}, "a mapping"),
    ],
)
def test_a_schema_in_words(schema, words):
    assert in_words(schema) == words
