"""The port of examples/python-port, which is played with the kit ``parity.kit``."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
import time

import pytest

from fakes.faults import FaultLedger
from fakes.ps import FakePs
from monolith_hooks.clock import SystemClock
from parity.base import project
from parity.kit import Machines
from parity.players.driver.player import DriverPlayer
from parity.players.outcome import Played, Skipped
from parity.spec.loading import load_scenario
from parity.verdict.compare import ORDER, compare
from tests.docs.doc_pages import commands_for

pytestmark = pytest.mark.slow

PORT = project.ROOT / "examples" / "python-port"
NAMES = [
    path.relative_to(project.SCENARIOS).with_suffix("").as_posix()
    for folder in ("health", "barrier")
    for path in sorted((project.SCENARIOS / folder).glob("*.yaml"))
]
LACKING = {
    "barrier/callback_appended": "needs append_callback",
    "barrier/callback_appended_while_held": "needs append_callback",
    "barrier/callback_appended_while_one_runs": "needs append_callback",
    "health/raise_in_after_create_session": "needs probe",
    "health/raise_in_before_run": "needs probe",
    "health/stop_is_never_requested": "needs SaveCheckpoint",
}


@pytest.fixture(scope="module")
def port():
    """The example's driver, by the command that the page shows."""
    ((*_, command),) = map(shlex.split, commands_for(__file__, "docs/your-own-port.md"))
    python, main = command.split()
    assert python == "python"
    player = DriverPlayer("python-port", [sys.executable, str(project.ROOT / main)])
    yield player
    player.close()


@pytest.mark.parametrize("name", NAMES)
def test_it_agrees_with_the_reference_on_its_channels(port, python_player, name):
    file = load_scenario(project.SCENARIOS / f"{name}.yaml", project.SCENARIOS)
    played = port.play(file)
    if name in LACKING:
        assert played == Skipped(LACKING[name])
        return
    assert isinstance(played, Played), played
    channels = {*port.hello.channels, ORDER}
    reference = python_player.play(file).trace
    assert compare(reference, played.trace, channels=channels).differences == ()


def concurrent(player, **order):
    name = "barrier/workers_and_stop_at_once"
    file = load_scenario(project.SCENARIOS / f"{name}.yaml", project.SCENARIOS)
    return player.play(file, **order)


def test_it_agrees_in_the_order_of_a_seed(port, python_player):
    ours, theirs = concurrent(python_player, seed=7), concurrent(port, seed=7)
    channels = {*port.hello.channels, ORDER}
    assert compare(ours.trace, theirs.trace, channels=channels).differences == ()


def test_it_can_be_explored(port):
    first, second = concurrent(port, schedule=(0,)), concurrent(port, schedule=(1,))
    assert [choices[0].taken for choices in (first.choices, second.choices)] == [0, 1]
    assert first.trace != second.trace


def test_the_code_that_has_it_played_is_about_as_long_as_the_walk_through_says():
    text = "".join((PORT / name).read_text() for name in ("main.py", "job.py"))
    code = [line for line in text.splitlines() if line.strip() and not re.match(r' *(#|""")', line)]
    assert len(code) <= 130


def test_the_same_port_runs_in_real_time(monkeypatch):
    monkeypatch.syspath_prepend(str(PORT))
    modules = [importlib.import_module(name) for name in ("barrier", "coordinator", "health")]
    for path in PORT.glob("*.py"):
        sys.modules.pop(path.stem, None)  # Names like these are anybody's.
    barrier, coordinator, health = modules
    clock, coord, reports = SystemClock(), coordinator.Coordinator(), []
    held = barrier.Barrier(clock, 2, 0.01, [])
    (server,) = [FakePs(clock, FaultLedger(), 10)]
    machines = Machines([server], 10)
    health.Watch(clock, machines, 1, reports.append, held).start(coord)
    while not held.indices():
        time.sleep(0.01)
    coord.request_stop()
    coord.join()
    assert [(ps, str(result)) for ps, result in reports[0].items()] == [
        (0, 'status: OUT_OF_MEMORY message: "Memory limit exceeded. Current: 10, Limit: 10"')
    ]
    assert len(reports) == 1
    assert not any(thread.is_alive() for thread in coord.threads)
