"""Features are read off the model, and what comes together off traces."""

from __future__ import annotations

from parity.search.fuzz.features import all_features, features_of, shown_by
from tests.parity.samples import PLACED, SESSION, scenario, trace


def test_words_options_kinds_and_errors_are_features():
    features = all_features()
    assert {
        "session=singular",
        "hooks.ps_health.report=raise",
        "hooks.ps_health.barrier=false",
        "hooks.current_session",
        "steps.concurrently.rpc=StopTraining",
        "steps.rpc=SaveCheckpoint",
        "faults.slow_poll.takes",
        "steps.end",
        "error=AbortedError",
        "machines.mem_limit=none",
    } <= features
    assert not any("expect" in feature or "about" in feature for feature in features)


def test_a_scenario_touches_only_features_that_there_are():
    touched = features_of(scenario(steps=[{"raise": "ValueError"}, {"rpc": "StopTraining"}]))
    assert {"error=ValueError", "steps.rpc=StopTraining"} <= touched
    assert "steps.end" not in touched


def test_a_barrier_that_a_health_thread_finds_placed_is_seen():
    died = {
        "kind": "thread",
        "lane": "ps_health",
        "ms": 0,
        "thread": "ps_health",
        "fate": "died",
        "error": "BarrierAlreadyPlacedError",
    }
    assert "barrier placed already x report" in shown_by(trace(SESSION, died))
    assert "barrier placed already x report" not in shown_by(trace(SESSION, PLACED))


def test_a_session_that_is_made_anew_while_the_barrier_is_placed_is_seen():
    assert "recreation x barrier placed" in shown_by(trace(SESSION, PLACED, SESSION))
    assert "recreation x barrier placed" not in shown_by(trace(SESSION, SESSION, PLACED))
