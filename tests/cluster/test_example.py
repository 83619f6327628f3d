from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest
import tensorflow as tf

from monolith_hooks.server import client_lib, service_pb2
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
        call(model_dir, "StopTraining")
        until(lambda: blocked(model_dir) == [0, 1, 2], "both workers are held")
        call(model_dir, "SaveCheckpoint")
        saved = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(model_dir)))
        assert saved.get_tensor("global_step") > 0
        call(model_dir, "ResumeTraining")
        until(lambda: blocked(model_dir) == [], "both workers go on")
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


def call(model_dir: Path, method: str):
    stub = client_lib.get_stub_from_model_dir(str(model_dir))
    return getattr(stub, method)(getattr(service_pb2, f"{method}Request")(), timeout=20)


def global_step(model_dir: Path) -> int:
    try:
        return call(model_dir, "GetTrainingStatus").global_step
    except (grpc.RpcError, tf.errors.NotFoundError):
        time.sleep(0.5)
        return 0


def blocked(model_dir: Path) -> list[int]:
    return list(call(model_dir, "GetBlockStatus").blocked_indices)


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
