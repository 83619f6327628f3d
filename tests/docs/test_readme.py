"""What the README says of a run, of a scenario, of the commands and of the sessions."""

from __future__ import annotations

import re
import tomllib
from io import StringIO

import pytest
import typer
from rich.console import Console
from ruamel.yaml import YAML

import noxfile
from parity.app.cli import app
from parity.app.readme import README, readme
from parity.base import project
from parity.base.problems import UsageError
from parity.players.outcome import Played
from parity.players.recorded import RecordedPlayer
from parity.report.terminal.console import RunPrinter
from parity.spec.loading import load_scenario
from parity.spec.trace import ReportEvent, Trace
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences
from tests.docs.doc_pages import blocks, sessions
from tests.parity.samples import Script

TEXT = README.read_text()
OOM = load_scenario(project.SCENARIOS / "health" / "oom.yaml", project.SCENARIOS)


def fences(language):
    return [block.text for block in blocks(README) if block.language == language]


def test_the_figures_of_a_run_have_one_place(monkeypatch, tmp_path):
    page = tmp_path / "README.md"
    page.write_text("none")
    monkeypatch.setattr("parity.app.readme.README", page)
    with pytest.raises(UsageError, match="expected one place for a run's figures, got 0"):
        readme()


def reported_twice(trace):
    events = []
    for event in trace.events:
        events += [event, event] if isinstance(event, ReportEvent) else [event]
    return Trace(events=tuple(events), struck=trace.struck)


def words(text):
    """The words of each line: how wide a column is depends on the scenarios beside it."""
    return [tuple(line.split()) for line in text.splitlines()]


def test_a_port_that_reports_twice_is_told_as_it_says():
    right = RecordedPlayer(project.RECORDED, None).play(OOM)
    assert isinstance(right, Played)
    sides = Script(right, name="python"), Script(reported_twice(right.trace), name="rust")
    record = Judge(*sides, KnownDifferences()).judge(OOM)
    out = StringIO()
    printer = RunPrinter(Console(file=out, color_system=None), width=0, total=1)
    printer.record(record)
    printer.causes([record])
    _, shown = fences("text")
    assert set(words(shown)) <= set(words(out.getvalue())), out.getvalue()


def test_its_scenario_is_the_one_in_the_catalogue():
    (shown,) = fences("yaml")
    yaml = YAML(typ="safe")
    shown, real = yaml.load(shown), yaml.load(OOM.path)
    assert set(shown.pop("covers")) <= set(real.pop("covers"))
    expected = shown.pop("expect")
    assert expected.items() <= real.pop("expect").items()
    assert shown == real


def test_it_names_the_oldest_python():
    pyproject = tomllib.loads((project.ROOT / "pyproject.toml").read_text())
    oldest = pyproject["project"]["requires-python"].removeprefix(">=")
    assert set(re.findall(r"Python (3[.]\d+)", TEXT)) == {oldest}


def test_it_names_every_command():
    table = TEXT[TEXT.index("## The commands") :]
    commands = set(typer.main.get_command(app).commands)
    named = set(re.findall(r"`(?:monolith-parity )?([a-z][\w-]*)", table))
    assert commands - named == set()


def test_it_names_every_session_and_which_are_not_on_by_default():
    text = TEXT[TEXT.index("Nox sessions:") : TEXT.index("Apache-2.0")]
    on, off = text.split("not by default,")
    named_on = set(re.findall(r"`(\w+)`", on))
    assert named_on == set(noxfile.nox.options.sessions)
    assert set(re.findall(r"`(\w+)`", off)) == sessions() - named_on
