"""A player that plays for hours holds no more than one that has played once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from parity.base import project
from parity.base.problems import PortUnavailableError
from parity.players.choose import PlayerSpec, choose_player, open_player
from parity.players.outcome import Played
from parity.spec.loading import load_scenario
from parity.spec.protocol import hello_request, parse_answer, play_request

pytestmark = pytest.mark.slow

SCENARIOS = [
    "barrier/stop_and_resume",
    "checkpoint/input_goes_back",
    "controller/listeners",
    "operator/action_files_after_recreation",
    "session/recreation",
]
"""Scenarios that have threads, servers, sessions and files of each kind."""
FILES = [load_scenario(project.SCENARIOS / f"{name}.yaml", project.SCENARIOS) for name in SCENARIOS]
ROUNDS = 4


def held(pid):
    """The open files and the threads of a process."""
    here = Path(f"/proc/{pid}")
    return len(os.listdir(here / "fd")), len(os.listdir(here / "task"))


def assert_nothing_grows(play, pid):
    """After more plays of each; the first ones open what stays open.

    A server's sockets and threads end a little after its play, so that a few more are nothing;
    one that a play leaves would be as many as there were plays.
    """

    def play_all(rounds):
        for file in FILES * rounds:
            play(file)
        return held(pid)

    for before, after in zip(play_all(2), play_all(ROUNDS), strict=True):
        assert after < before + ROUNDS * len(FILES) / 2


@pytest.mark.nightly
def test_python_lets_go_of_all_that_a_play_has_opened():
    player = open_player(PlayerSpec(kind="python"), 60)

    def play(file):
        assert isinstance(player.play(file), Played)

    assert_nothing_grows(play, os.getpid())


def test_rust_lets_go_of_all_that_a_play_has_opened():
    try:
        driver = choose_player("rust").spec.where
    except PortUnavailableError as error:
        pytest.skip(str(error))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([driver], **pipes) as process:

        def ask(line):
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()
            return parse_answer(process.stdout.readline())

        ask(hello_request())
        assert_nothing_grows(
            lambda file: ask(play_request(1, file, None, None)).events, process.pid
        )
        process.stdin.close()
