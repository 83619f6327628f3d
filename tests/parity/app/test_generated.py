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


def test_all_else_is_written_where_the_readme_cannot_be_told(monkeypatch, capsys):
    def refuse():
        raise UsageError("health/new isn't recorded as it is now")

    written = []
    monkeypatch.setattr(generated, "readme", refuse)
    monkeypatch.setattr(generated, "wire_types", lambda: [("events.rs", "enum Method {}")])
    monkeypatch.setattr(generated, "write_whole", lambda *file: written.append(file))
    events = generated.WIRE_TYPES / "events.rs"
    assert generated.main() == 2
    assert written == [(events, "enum Method {}")]
    assert capsys.readouterr().err == (
        f"generated anew, commit these: {events.relative_to(project.ROOT)}\n"
        "health/new isn't recorded as it is now\n"
    )


def test_the_modeline_leads_from_a_scenario_to_the_schema():
    folder = project.SCENARIOS / "health" / "deeper"
    path = modeline(folder).removeprefix("# yaml-language-server: $schema=").strip()
    assert (folder / path).resolve() == SCHEMA.resolve()
    assert json.loads(SCHEMA.read_text())["title"] == "Scenario"
