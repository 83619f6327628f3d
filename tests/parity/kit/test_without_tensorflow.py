"""The kit, in a process that can import neither TensorFlow nor gRPC."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import parity.kit
from parity.base import project
from parity.players.driver.player import DriverPlayer
from parity.players.outcome import Played
from parity.spec.loading import load_scenario

pytestmark = pytest.mark.slow

ABSENT = ("tensorflow", "grpc", "absl", "h2", "numpy")
HIDE = f"import sys; sys.modules.update(dict.fromkeys({ABSENT!r}))"
EXAMPLE = f"{HIDE}; sys.path.insert(0, 'examples/python-port'); import runpy"
MODULES = [each.name for each in pkgutil.walk_packages(parity.kit.__path__, "parity.kit.")]


def test_every_module_can_be_imported():
    assert "parity.kit.driver" in MODULES
    code = f"{HIDE}; import {', '.join(MODULES)}"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=project.ROOT)


@pytest.mark.parametrize("module", ABSENT)
def test_what_is_hidden_cannot_be_imported(module):
    done = subprocess.run(
        [sys.executable, "-c", f"{HIDE}; import {module}"], check=False, capture_output=True
    )
    assert b"ModuleNotFoundError" in done.stderr


def test_a_port_is_played(monkeypatch):
    monkeypatch.chdir(project.ROOT)
    main = "runpy.run_path('examples/python-port/main.py', run_name='__main__')"
    player = DriverPlayer("hidden", [sys.executable, "-c", f"{EXAMPLE}; {main}"])
    try:
        for name in ("health/oom", "barrier/callbacks"):
            played = player.play(
                load_scenario(project.SCENARIOS / f"{name}.yaml", project.SCENARIOS)
            )
            assert isinstance(played, Played), played
    finally:
        player.close()
