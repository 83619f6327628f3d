"""``monolith-parity new``."""

from __future__ import annotations

import pytest

from parity.app.generated import modeline
from parity.app.new import new_scenario
from parity.base.problems import UsageError
from parity.spec.loading import load_scenario
from parity.verdict.expectations import unmet


def test_a_new_scenario_is_valid_and_begins_with_the_line_for_editors(tmp_path):
    path = new_scenario("health/mine", tmp_path)
    assert load_scenario(path, tmp_path).name == "health/mine"
    assert path.read_text().startswith(modeline(tmp_path / "health"))
    assert "monolith-parity validate scenarios/health/mine.yaml" in path.read_text()


def test_a_new_scenario_shows_what_it_expects(tmp_path, python_player):
    file = load_scenario(new_scenario("mine", tmp_path), tmp_path)
    assert unmet(file.scenario, python_player.play(file).trace) == ()


def test_nothing_is_overwritten(tmp_path):
    path = new_scenario("mine", tmp_path)
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"mine\.yaml: exists already; choose another"):
        new_scenario("mine", tmp_path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["", "../x", "/x", "x.yaml", "a b", "x/../../y"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="can't name a scenario"):
        new_scenario(name, tmp_path / "scenarios")
    assert list(tmp_path.iterdir()) == []
