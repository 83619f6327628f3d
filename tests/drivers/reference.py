"""The reference behind the driver protocol, for drivers that break one behaviour of it.

Not a test module: a driver imports it first, patches what it is to do wrong, and speaks.
"""

from __future__ import annotations

import sys
from pathlib import Path

from speaker import say

sys.path.insert(0, str(Path(__file__).parents[2]))

from parity.players.python.quiet import quiet_tensorflow

quiet_tensorflow()

from parity.base.model import frozen
from parity.players.outcome import Played
from parity.players.python.player import PythonPlayer
from parity.search.fuzz.case import scenario_of
from parity.spec.loading import ScenarioFile
from parity.spec.units import format_duration

DURATIONS = (
    "advance",
    "barrier_pending",
    "barrier_wait",
    "deadline",
    "save_secs",
    "takes",
    "wait",
)


def with_units(value):
    """Canonical JSON has milliseconds where a file has units."""
    if isinstance(value, list):
        return [with_units(item) for item in value]
    if isinstance(value, dict):
        return {
            key: format_duration(item)
            if key in DURATIONS and isinstance(item, int)
            else with_units(item)
            for key, item in value.items()
        }
    return value


def play(request):
    document = with_units(request["scenario"])
    name = document.pop("name")
    del document["expect"]
    scenario = scenario_of(document)
    assert scenario is not None, document
    file = ScenarioFile(name, Path(name), scenario)
    outcome = PythonPlayer().play(file, request["seed"], frozen(request["schedule"]))
    choices = [choice.model_dump() for choice in outcome.choices]
    answer = {"seq": request["seq"], "choices": choices}
    if isinstance(outcome, Played):
        say({"type": "trace", **answer, **outcome.trace.to_json()})
    else:
        say({"type": "failed", **answer, "message": outcome.message})
