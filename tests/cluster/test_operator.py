"""An operator's own commands while the chief is killed and started again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cluster.job import Job, scenario, start, until

GONE = "there is no controller at "
COMMAND = [sys.executable, "-m", "monolith_hooks"]


@pytest.mark.timeout(180)
def test_stop_waits_status_tells_and_a_watch_goes_on_through_a_kill_of_the_chief(zygote, tmp_path):
    log = tmp_path / "watch.log"
    model_dir = tmp_path / "model"
    model_dir.mkdir()
    with Job(zygote, model_dir, scenario(2, 3)) as job, log.open("w") as out:
        for name in job.cluster.processes:
            if not name.startswith("ps"):
                job.train(name)
        until(lambda: job.steps_taken() > 10, "all train")
        watching = [*COMMAND, "status", "--model-dir", str(model_dir)]
        watch = start([*watching, "--watch", "0.2", "--through-restarts"], stdout=out, stderr=out)
        try:
            until(lambda: "step" in log.read_text(), "the watch has begun", 60)

            assert "stopped" in operate(model_dir, "stop", "--wait")
            assert sorted(job.call("GetBlockStatus").blocked_indices) == [0, 1, 2]
            assert "workers held: 1, 2" in operate(model_dir, "status")
            assert "resumed" in operate(model_dir, "resume", "--wait")
            assert not job.call("GetBlockStatus").blocked_indices

            job.cluster.kill("chief")
            until(lambda: GONE in log.read_text(), "it says that the chief is gone")
            refused = run(model_dir, "status", "--timeout", "5")
            assert refused.returncode == 3
            assert refused.stderr.startswith(GONE)
            assert len(refused.stderr.splitlines()) == 2  # What is wrong, and what to check.
            seen = len(log.read_text())
            job.restart("chief")
            job.train("chief")

            until(lambda: "step" in log.read_text()[seen:], "the watch goes on")
            assert "stopped" in operate(model_dir, "stop", "--wait")
            assert "resumed" in operate(model_dir, "resume", "--wait")
            assert watch.poll() is None
        finally:
            watch.kill()
            watch.wait()


def operate(model_dir, action, *options) -> str:
    """What the command says, which succeeds."""
    done = run(model_dir, action, *options)
    assert done.returncode == 0, done
    return done.stdout


def run(model_dir, action, *options) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, action, "--model-dir", str(model_dir), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)
