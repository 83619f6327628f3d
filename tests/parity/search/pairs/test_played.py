"""The reference does everything when the model says, neither earlier nor later."""

from __future__ import annotations

import pytest

from parity.base import project
from parity.players.outcome import Played
from parity.search.pairs.model import predict
from parity.search.pairs.table import pairs
from parity.spec.loading import load_scenario
from parity.spec.trace import BarrierEvent, CallbackEvent, RpcEvent, SaveEvent, StepEvent

NOT_BY_THE_FACTS = "SaveCheckpoint UNKNOWN"
"""When a save fails that has outlived its session isn't said (B34)."""


def text(event):
    match event:
        case BarrierEvent():
            return f"barrier {list(event.blocked)}"
        case CallbackEvent():
            return f"callback {event.action}"
        case SaveEvent():
            return f"save {event.step}"
        case StepEvent():
            return f"step {event.global_step}"
        case RpcEvent():
            return f"{event.method} {event.code}"
        case _:
            return None


@pytest.mark.parametrize("name", [pair.name for pair in pairs()])
def test_everything_comes_when_the_model_says(name, python_player):
    path = project.SCENARIOS / "pairs" / f"{name}.yaml"
    file = load_scenario(path, project.SCENARIOS)
    played = python_player.play(file)
    assert isinstance(played, Played)
    times = [(event.ms, text(event)) for event in played.trace.events if text(event)]
    predicted = predict(file.scenario).times
    assert _known(times) == _known(predicted)


def _known(times):
    return sorted(each for each in times if each[1] != NOT_BY_THE_FACTS)
