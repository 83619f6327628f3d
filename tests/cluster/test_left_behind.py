"""Whatever ends the player, nothing of its cluster is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parity.players.cluster.processes import ProcessLostError
from parity.players.cluster.wire import RoleCommand
from tests.cluster.job import Job, scenario, start, until


@contextmanager
def playing(tmp_path: Path) -> Iterator[subprocess.Popen]:
    path = tmp_path / "frozen.yaml"
    path.write_text(
        "about: A PS that is stopped for good, so that the play hangs.\n"
        "cluster: {ps: 2, workers: 2}\n"
        "steps: [{fault: {freeze: ps-0}}, {train: 1}]\n"
        "expect: {reports: 0}\n"
    )
    command = [sys.executable, "-m", "parity", "replay", str(path), "--on", "cluster"]
    player = start(command, stderr=subprocess.DEVNULL)
    try:
        yield player
    finally:
        player.kill()
        player.wait()


def descendants(pid: int) -> set[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return set()
    return {int(child) for child in children}.union(*(descendants(int(each)) for each in children))


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.nightly)]
)
def test_no_process_outlives_a_player_that_is_ended_in_the_middle_of_a_play(tmp_path, number):
    with playing(tmp_path) as player:
        until(lambda: len(descendants(player.pid)) == 5, "zygote, PS, chief and worker", 100)
        started = descendants(player.pid)
        player.send_signal(number)
        player.wait(20)
    until(lambda: not [pid for pid in started if os.path.exists(f"/proc/{pid}")], "all end", 20)


def test_a_process_that_ends_by_itself_is_told_with_its_log(zygote, tmp_path):
    with Job(zygote, tmp_path, scenario(1, 1)) as job:
        chief = job.cluster.processes["chief"]
        chief._stdin.write("no command\n")
        chief._stdin.flush()
        with pytest.raises(ProcessLostError, match="chief exited with 1") as lost:
            job.ask("chief", RoleCommand(do="settle"))
    assert "ValidationError" in lost.value.log_tail


def test_two_clusters_at_once_have_no_port_in_common(zygote, tmp_path):
    (tmp_path / "other").mkdir()
    one, other = (Job(zygote, tmp_path / name, scenario(2, 1)) for name in ("", "other"))
    with one, other:
        assert not set(one.cluster.addresses()) & set(other.cluster.addresses())
        until(lambda: one.global_step() == other.global_step() == 0, "both work")
