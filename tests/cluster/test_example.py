from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tests.cluster.job import start, until

STARTUP = 100.0
"""Five processes import TensorFlow on two cores."""


@pytest.mark.timeout(240)
def test_an_operator_stops_inspects_saves_and_resumes_the_example(tmp_path):
    model_dir = tmp_path / "model"
    command = [sys.executable, "-m", "examples.local", "--model-dir", str(model_dir)]
    local = start(command, stdout=subprocess.PIPE)
    try:
        until(lambda: global_step(model_dir) > 0 or local.poll() is not None, "training", STARTUP)
        assert local.poll() is None, local.communicate()
        until(lambda: all_take_steps(model_dir), "both workers are there", STARTUP)
        operate(model_dir, "stop")
        until(lambda: blocked(model_dir) == [1, 2], "both workers are held")
        assert operate(model_dir, "stop")["code"] == "ALREADY_EXISTS"
        held_at = global_step(model_dir)
        operate(model_dir, "save")
        saved = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(model_dir)))
        assert saved.get_tensor("global_step") >= held_at  # Nothing holds the chief.
        operate(model_dir, "resume")
        until(lambda: blocked(model_dir) == [], "both workers go on")
        until(lambda: global_step(model_dir) > held_at, "they train")
        processes = children(local.pid)
        assert len(processes) == 5
        local.send_signal(signal.SIGINT)
        said, _ = local.communicate(timeout=30)
    finally:
        local.kill()
        local.wait()
    assert local.returncode == 130
    assert "interrupted" in said
    assert not [pid for pid in processes if os.path.exists(f"/proc/{pid}")]


def operate(model_dir: Path, action: str) -> dict[str, Any]:
    """What monolith-controller says, as its own process."""
    command = [sys.executable, "-m", "monolith_hooks", action, "--json", "--timeout", "20"]
    done = subprocess.run(
        [*command, "--model-dir", str(model_dir)], capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout)


def global_step(model_dir: Path) -> int:
    return operate(model_dir, "status").get("global_step", 0)


def blocked(model_dir: Path) -> list[int]:
    return operate(model_dir, "blocked")["blocked"]


def all_take_steps(model_dir: Path) -> bool:
    """A worker that trains says so in its log."""
    logs = [model_dir / "logs" / f"worker-{task}.log" for task in range(2)]
    time.sleep(0.5)
    return all("loss = " in log.read_text() for log in logs)


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True
    )
    return [int(each) for each in listed.stdout.split()]
