from __future__ import annotations

import contextlib
import os
import random
import socket
import threading
import time

import grpc
import pytest

from tests.cluster.job import Job, scenario, until

KILLS = 20


@pytest.mark.timeout(300)
def test_a_job_survives_sigkill_of_any_process_at_any_moment(zygote, tmp_path):
    chance = random.Random(20261124)
    with Job(zygote, tmp_path, scenario(2, 3)) as job:
        names = list(job.cluster.processes)
        pids = set(job.pids())
        addresses = job.cluster.addresses()
        for name in names:
            if not name.startswith("ps"):
                job.train(name)
        for _ in range(KILLS):
            goes_on(job, "nothing", 0)
            job.call("SaveCheckpoint")
            acknowledged = job.saved_step()
            victim = chance.choice(names)
            if chance.random() < 0.5:
                save_meanwhile(job)
            time.sleep(chance.uniform(0, 0.3))
            job.cluster.kill(victim)
            assert job.saved_step() >= acknowledged  # It can be read, and isn't lost.
            job.restart(victim)
            pids.add(job.cluster.processes[victim].pid)
            if not victim.startswith("ps"):
                job.train(victim)
            goes_on(job, victim, acknowledged)
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    assert all(is_refused(address) for address in addresses)


def goes_on(job: Job, victim: str, acknowledged: int) -> None:
    """Everybody takes steps again, from the acknowledged checkpoint or further on."""
    counts = {0: 0, 1: 0, 2: 0} | {worker: len(steps) for worker, steps in job.steps.items()}
    until(
        lambda: all(len(job.steps.get(worker, [])) > counts[worker] + 1 for worker in counts),
        f"chief and workers take steps after {victim} was killed and started again",
    )
    until(lambda: job.global_step() is not None, "the controller answers")
    assert all(job.steps[worker][-1] > acknowledged for worker in counts)


def save_meanwhile(job: Job) -> None:
    """Ask for a save that the kill may hit."""

    def save() -> None:
        with contextlib.suppress(grpc.RpcError):  # Not acknowledged: nothing was promised.
            job.call("SaveCheckpoint", timeout=5)

    threading.Thread(target=save, daemon=True).start()


def is_refused(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) != 0
