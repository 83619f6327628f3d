from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from parity.players.cluster.cluster import ClusterProcesses
from parity.players.cluster.wire import RoleCommand
from tests.cluster.job import Job, scenario, until

HANG = 3.0
"""Seconds of real time; a close takes a hundredth of one where nothing is dead."""


@pytest.mark.covers("B49d")
@pytest.mark.parametrize(
    ("ps", "hurt", "mend"),
    [
        pytest.param(
            "ps-0", ClusterProcesses.kill, ClusterProcesses.restart, id="killed, with the variables"
        ),
        pytest.param("ps-1", ClusterProcesses.freeze, ClusterProcesses.thaw, id="stopped"),
    ],
)
def test_closing_a_session_waits_until_a_ps_is_back(
    zygote,
    tmp_path,
    ps,
    hurt: Callable[[ClusterProcesses, str], None],
    mend: Callable[[ClusterProcesses, str], None],
):
    with Job(zygote, tmp_path, scenario(2, 1)) as job:
        until(lambda: job.global_step() is not None, "the controller answers")
        hurt(job.cluster, ps)
        closing = threading.Thread(target=job.ask, args=("chief", RoleCommand(do="end")))
        closing.start()
        closing.join(HANG)
        assert closing.is_alive()
        mend(job.cluster, ps)
        closing.join(30)
        assert not closing.is_alive()
