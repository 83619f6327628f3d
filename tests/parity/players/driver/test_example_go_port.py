"""The port of examples/go-port: a third language, which is played where there is a Go toolchain."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from parity.base import project
from parity.players.choose import PlayerSpec, open_player
from parity.players.driver.player import DriverPlayer
from parity.players.needs import play_if_able
from parity.players.outcome import Played, Skipped
from parity.spec.loading import load_all
from parity.verdict.compare import ORDER, compare

GO = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
PORT = project.ROOT / "examples" / "go-port"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(GO is None, reason="there is no Go toolchain"),
    pytest.mark.timeout(300),  # It is built first.
]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("go")
    environment = {**os.environ, "GOCACHE": str(folder / "cache"), "GOFLAGS": "-mod=mod"}
    program = folder / "go-port"
    subprocess.run([GO, "build", "-o", program, "."], cwd=PORT, env=environment, check=True)
    player = DriverPlayer("go-port", [str(program)])
    player.start()
    yield player
    player.close()


def test_it_agrees_on_its_channels_with_what_was_recorded(port):
    recorded = open_player(PlayerSpec(kind="recorded"), 1)
    channels = {*port.channels, ORDER}
    played = []
    for file in load_all([]):
        theirs = play_if_able(port, file)
        if isinstance(theirs, Skipped):
            continue
        ours = recorded.play(file)
        assert isinstance(theirs, Played), (file.name, theirs)
        assert isinstance(ours, Played), (file.name, ours)
        assert compare(ours.trace, theirs.trace, channels=channels).differences == (), file.name
        played.append(file.name)
    assert len(played) >= 10
    assert "health/several_ps_at_once" in played


def test_what_it_did_not_name_it_is_not_asked_for(port):
    (file,) = load_all([project.SCENARIOS / "health" / "oom.yaml"])
    assert port.play(file) == Skipped("needs rpc, worker")


def test_it_is_formatted():
    gofmt = os.path.join(os.path.dirname(GO), "gofmt")
    done = subprocess.run([gofmt, "-l", "."], cwd=PORT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
