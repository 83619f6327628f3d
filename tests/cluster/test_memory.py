from __future__ import annotations

import re

import pytest

from parity.players.cluster.memory import resident_bytes
from parity.players.cluster.wire import RoleCommand
from tests.cluster.job import Job, scenario, until

MIB = 1 << 20


@pytest.mark.covers("B3c")
def test_600_mib_in_one_ps_of_three_trip_it_alone_by_the_kernels_own_figure(zygote, tmp_path):
    machines = [{"ps": ps, "mem_limit": 800 * MIB} for ps in range(3)]
    with Job(zygote, tmp_path, scenario(3, 2, machines=machines), pace=30) as job:
        until(lambda: job.global_step() == 0, "the controller answers")
        assert not job.reports
        job.ask("ps-1", RoleCommand(do="allocate", number=600 * MIB))
        until(lambda: bool(job.reports), "a report")
        kernel = {ps: resident_bytes(job.cluster.processes[f"ps-{ps}"].pid) for ps in range(3)}
        until(lambda: job.call("GetBlockStatus").blocked_indices == [0], "the barrier is placed")
    (report,) = job.reports
    (result,) = report.results
    found = re.fullmatch(
        rf"Memory limit exceeded. Current: (\d+), Limit: {800 * MIB}", result.message
    )
    assert result.ps == 1
    assert found, result.message
    assert int(found[1]) == pytest.approx(kernel[1], rel=0.1)
    assert kernel[0] < 800 * MIB > kernel[2]
