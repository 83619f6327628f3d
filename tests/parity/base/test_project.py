"""Where things are, in a checkout and where the package is installed."""

from __future__ import annotations

from parity.base import project
from parity.players.choose import choose_player
from parity.players.recorded import recorded_digests


def test_a_path_is_shown_as_it_would_be_typed_here(monkeypatch):
    monkeypatch.chdir(project.SCENARIOS)
    assert project.shown(project.SCENARIOS / "health" / "oom.yaml") == "health/oom.yaml"


def test_an_installed_scenario_is_shown_by_its_name(monkeypatch):
    monkeypatch.setattr(project, "SOURCES", None)
    assert project.shown(project.SCENARIOS / "health" / "oom.yaml") == "health/oom"


def test_new_scenarios_of_an_installed_package_go_into_the_users_own_folder(monkeypatch, tmp_path):
    assert project.own_scenarios() == project.SCENARIOS
    monkeypatch.setattr(project, "SOURCES", None)
    monkeypatch.chdir(tmp_path)
    assert project.own_scenarios() == tmp_path / "scenarios"


def test_without_the_ports_sources_recordings_stand_in_and_it_is_said_what_is_not_checked(
    monkeypatch,
):
    monkeypatch.setattr(project, "SOURCES", None)
    choice = choose_player(None)
    assert choice.spec.kind == "recorded"
    assert "an installed package doesn't have the port's sources" in choice.note
    for digest in recorded_digests(project.RECORDED):
        assert digest in choice.note
    assert "isn't checked here" in choose_player("recorded").note
