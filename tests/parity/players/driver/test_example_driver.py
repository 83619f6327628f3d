"""The driver of the walk-through, docs/your-own-port.md."""

from __future__ import annotations

import re
import sys

import pytest

from parity.base import project
from parity.players.driver.player import DriverPlayer
from parity.players.outcome import Played, Skipped
from parity.spec.loading import load_scenario
from parity.verdict.compare import compare

SOURCE = project.ROOT / "examples" / "driver" / "port_driver.py"


@pytest.fixture(scope="module")
def driver():
    player = DriverPlayer("example", [sys.executable, str(SOURCE)])
    yield player
    player.close()


def scenario(name):
    return load_scenario(project.SCENARIOS / f"{name}.yaml", project.SCENARIOS)


@pytest.mark.parametrize(
    "name",
    [
        "barrier/chief_is_never_held",
        "controller/stop_twice",
        "controller/save_checkpoint",
        "controller/save_at_exit",
        "health/no_ps",
    ],
)
def test_it_agrees_with_the_reference_on_what_it_plays(driver, python_player, name):
    file = scenario(name)
    played = driver.play(file)
    assert isinstance(played, Played)
    assert compare(python_player.play(file).trace, played.trace).differences == ()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("health/oom", "needs memory limits"),
        ("controller/save_fails", "needs other steps"),
        ("session/recreation", "needs other hooks"),
    ],
)
def test_it_says_what_it_lacks_for_others(driver, name, reason):
    assert driver.play(scenario(name)) == Skipped(reason)


def test_without_its_port_it_is_about_as_long_as_the_walk_through_says():
    text = re.sub(r"# \[start:port\].*# \[end:port\]", "", SOURCE.read_text(), flags=re.DOTALL)
    code = [
        line
        for line in text.splitlines()
        if line.strip() and '"""' not in line and not re.search(r"# \[(start|end):", line)
    ]
    assert len(code) <= 75
