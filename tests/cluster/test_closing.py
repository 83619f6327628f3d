from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from parity.players.cluster.cluster import Cluster
from parity.players.cluster.wire import Command
from tests.cluster.job import Job, scenario, until

HANG = 3.0
"""Seconds of real time; a close takes a hundredth of one where nothing is dead."""


@pytest.mark.parametrize(
    ("ps", "hurt", "mend"),
    [
        pytest.param("ps-0", Cluster.kill, Cluster.restart, id="killed, with the variables"),
        pytest.param("ps-1", Cluster.freeze, Cluster.thaw, id="stopped"),
    ],
)
def test_closing_a_session_waits_until_a_ps_is_back(
    zygote, tmp_path, ps, hurt: Callable[[Cluster, str], None], mend: Callable[[Cluster, str], None]
):
    with Job(zygote, tmp_path, scenario(2, 1)) as job:
        until(lambda: job.global_step() is not None, "the controller answers")
        hurt(job.cluster, ps)
        closing = threading.Thread(target=job.ask, args=("chief", Command(do="end")))
        closing.start()
        closing.join(HANG)
        assert closing.is_alive()
        mend(job.cluster, ps)
        closing.join(30)
        assert not closing.is_alive()
