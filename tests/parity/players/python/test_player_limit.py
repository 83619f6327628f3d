"""A play of the reference may take a time that its player is told."""

from __future__ import annotations

from parity.base import project
from parity.players.outcome import Failed, Played
from parity.players.python.player import PythonPlayer
from parity.spec.loading import load_scenario


def test_a_play_that_takes_longer_is_refused_as_stalled(tmp_path):
    path = tmp_path / "many_steps.yaml"
    path.write_text("about: Many steps.\nsteps: [{train: 100000}]\nexpect: {global_step: 100000}\n")
    outcome = PythonPlayer(limit=0.01).play(load_scenario(path, tmp_path))
    assert isinstance(outcome, Failed)
    assert outcome.refusal is not None
    assert outcome.refusal.reason == "stalled"
    assert outcome.message.startswith("stalled: not over after 0.01 s of real time")


def test_one_that_is_over_before_is_played():
    path = project.SCENARIOS / "health" / "oom.yaml"
    outcome = PythonPlayer(limit=600).play(load_scenario(path, project.SCENARIOS))
    assert isinstance(outcome, Played)
