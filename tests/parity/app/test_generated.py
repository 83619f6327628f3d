"""The committed files that are made from the models are current."""

from __future__ import annotations

import json

from parity.app.generated import SCHEMA, modeline, outdated
from parity.base import project


def test_nothing_that_is_generated_is_outdated():
    files = [str(path.relative_to(project.ROOT)) for path, _ in outdated()]
    assert files == [], "nox -s generated makes them anew"


def test_the_modeline_leads_from_a_scenario_to_the_schema():
    folder = project.SCENARIOS / "health" / "deeper"
    path = modeline(folder).removeprefix("# yaml-language-server: $schema=").strip()
    assert (folder / path).resolve() == SCHEMA.resolve()
    assert json.loads(SCHEMA.read_text())["title"] == "Scenario"
