"""The port of examples/rust-port, which is played with the kit ``parity-driver``."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from parity.base import project
from parity.players.driver.player import DriverPlayer
from parity.players.outcome import Played, Skipped
from parity.spec.loading import load_scenario
from parity.verdict.compare import ORDER, compare
from tests.docs.doc_pages import commands_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # It is built first.

PORT = project.ROOT / "examples" / "rust-port"
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
def port(rust_player):
    """The example's driver; where ours can't be built, it can't either."""
    build, run = map(shlex.split, commands_for(__file__, "docs/your-own-port.md"))
    subprocess.run(build, cwd=project.ROOT, check=True)
    player = DriverPlayer("rust-port", [str(project.ROOT / run[-1])])
    yield player
    player.close()


@pytest.mark.parametrize("name", NAMES)
def test_it_agrees_with_the_reference_on_its_channels(port, python_player, name):
    file = load_scenario(project.SCENARIOS / f"{name}.yaml", project.SCENARIOS)
    played = port.play(file)
    if name in LACKING:
        assert played == Skipped(LACKING[name])
        return
    assert isinstance(played, Played)
    channels = {*port.hello.channels, ORDER}
    reference = python_player.play(file).trace
    assert compare(reference, played.trace, channels=channels).differences == ()


def test_the_code_that_has_it_played_is_about_as_long_as_the_walk_through_says():
    text = "".join((PORT / "src" / name).read_text() for name in ("main.rs", "job.rs"))
    code = [line for line in text.splitlines() if line.strip() and not re.match(r" *//", line)]
    assert len(code) <= 200
