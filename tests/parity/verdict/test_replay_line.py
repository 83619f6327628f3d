"""The command that plays a scenario again."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from parity.app.cli import app
from parity.base import project
from parity.verdict.replay_line import replay_line

REPLAY = typer.main.get_command(app).commands["replay"]
OOM = project.SCENARIOS / "health" / "oom.yaml"


def test_a_scenario_of_the_catalogue_is_called_by_its_name():
    assert replay_line(OOM, "rust") == "monolith-parity replay health/oom --both --on rust"


def test_another_one_by_its_path(tmp_path):
    path = tmp_path / "health" / "oom.yaml"
    assert replay_line(path, "rust") == f"monolith-parity replay {path} --both --on rust"


def test_a_path_is_never_taken_for_an_option():
    assert replay_line(Path("-x.yaml"), "rust").startswith("monolith-parity replay ./-x.yaml ")


def test_only_what_a_run_had_of_its_own_is_added():
    line = replay_line(OOM, "python", reference="cluster", seed=7)
    assert line.endswith("--both --on python --reference cluster --seed 7")
    line = replay_line(OOM, "rust", schedule=(0, 2, 1, 0))
    assert line.endswith("--both --on rust --schedule s:0.2.1")


def test_one_side_alone_is_not_both():
    line = replay_line(OOM, "rust", reference=None, schedule=(1,))
    assert line == "monolith-parity replay health/oom --on rust --schedule s:1"


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(
    peer=WORDS,
    reference=WORDS,
    seed=st.none() | st.integers(0, 2**63 - 1),
    schedule=st.none() | st.lists(st.integers(0, 5), min_size=1).map(tuple),
)
def test_whatever_the_sides_are_called_replay_understands_the_line(peer, reference, seed, schedule):
    line = replay_line(OOM, peer, reference=reference, seed=seed, schedule=schedule)
    program, command, *words = shlex.split(line)
    assert (program, command) == ("monolith-parity", "replay")
    parsed = REPLAY.make_context("replay", words).params
    assert str(parsed["scenario"]) == "health/oom"
    assert (parsed["both"], parsed["on"]) == (True, peer)
    assert (parsed["reference"] or "python") == reference
    assert parsed["seed"] == seed
    assert (parsed["schedule"] is None) == (schedule is None)


@pytest.mark.parametrize("name", ["a b", "it's", 'say "x"', "$HOME", "a;b", "*", "ü"])
def test_any_name_of_a_file_is_quoted(tmp_path, name):
    path = tmp_path / f"{name}.yaml"
    assert shlex.split(replay_line(path, "rust"))[2] == str(path)
