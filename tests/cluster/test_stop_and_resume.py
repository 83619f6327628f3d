from __future__ import annotations

import time

import pytest

from tests.cluster.job import Job, scenario, until

STEPS = 300


@pytest.mark.covers("B22c", "B22e")
def test_a_stop_holds_every_worker_until_the_resume_and_no_step_is_lost(zygote, tmp_path):
    with Job(zygote, tmp_path, scenario(2, 4)) as job:
        for worker in job.workers:
            job.train(f"worker-{worker}", STEPS)
        until(lambda: len(job.steps) == 3, "each worker trains")

        job.call("StopTraining")
        until(lambda: len(job.call("GetBlockStatus").blocked_indices) == 4, "all are blocked", 5)
        held_at = job.global_step()
        assert 0 < held_at < 3 * STEPS
        job.call("SaveCheckpoint")
        assert job.saved_step() == held_at
        time.sleep(2)  # Two looks of each worker, at which it could go on.
        assert job.global_step() == held_at
        assert list(job.call("GetBlockStatus").unblocked_indices) == []

        job.call("ResumeTraining")
        until(lambda: not job.call("GetBlockStatus").blocked_indices, "all are let go", 5)
        until(lambda: job.global_step() == 3 * STEPS, "all steps are taken")
        until(lambda: job.steps_taken() == 3 * STEPS, "all steps are told")
    assert [len(job.steps[worker]) for worker in job.workers] == [STEPS] * 3
