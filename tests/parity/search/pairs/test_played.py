"""The reference answers no call earlier than the model says, and none later."""

from __future__ import annotations

import pytest

from parity.base import project
from parity.players.outcome import Played
from parity.search.pairs.model import predict
from parity.search.pairs.table import pairs
from parity.spec.loading import load_scenario
from parity.spec.steps import BackgroundStep, RpcStep
from parity.spec.trace import RpcEvent


def load(name):
    return load_scenario(project.SCENARIOS / "pairs" / f"{name}.yaml", project.SCENARIOS)


def calls(scenario):
    """The calls that have a deadline, with their places."""
    for index, step in enumerate(scenario.steps):
        call, place = step, f"steps[{index}]"
        if isinstance(step, BackgroundStep):
            call, place = step.background, f"{place}.background"
        if isinstance(call, RpcStep) and call.deadline is not None:
            yield index, place


def arrival_waits(pair):
    scenario = load(pair.name).scenario
    answers = predict(scenario).answers
    arrived = (index for index, step in enumerate(scenario.steps) if getattr(step, "after", 0))
    return any(answers[index].took for index in arrived)


@pytest.mark.parametrize(
    "name", [pair.name for pair in pairs() if pair.arrival.is_a_call and arrival_waits(pair)]
)
def test_a_call_that_waits_is_answered_when_the_model_says(name, python_player):
    file = load(name)
    played = python_player.play(file)
    assert isinstance(played, Played)
    answered = {each.call: each.ms for each in played.trace.events if isinstance(each, RpcEvent)}
    begun = {}
    now = 0
    for index, step in enumerate(file.scenario.steps):
        begun[index] = now + (step.after if isinstance(step, BackgroundStep) else 0)
        now += getattr(step, "advance", 0)
    answers = predict(file.scenario).answers
    expected = {place: begun[index] + answers[index].took for index, place in calls(file.scenario)}
    assert {place: answered[place] for place in expected} == expected
