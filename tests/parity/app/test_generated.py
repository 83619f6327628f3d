"""The committed files that are made from the models are current."""

from __future__ import annotations

import json

from parity.app import generated
from parity.app.generated import SCHEMA, modeline, outdated
from parity.base import project
from parity.base.problems import UsageError


def test_nothing_that_is_generated_is_outdated():
    files = [str(path.relative_to(project.ROOT)) for path, _ in outdated()]
    assert files == [], "nox -s generated makes them anew"


def test_what_keeps_it_from_telling_is_said_in_one_line(monkeypatch, capsys):
    def refuse():
        raise UsageError("health/new isn't recorded as it is now")

    monkeypatch.setattr(generated, "outdated", refuse)
    assert generated.main() == 2
    assert capsys.readouterr().err == "health/new isn't recorded as it is now\n"


def test_the_modeline_leads_from_a_scenario_to_the_schema():
    folder = project.SCENARIOS / "health" / "deeper"
    path = modeline(folder).removeprefix("# yaml-language-server: $schema=").strip()
    assert (folder / path).resolve() == SCHEMA.resolve()
    assert json.loads(SCHEMA.read_text())["title"] == "Scenario"
