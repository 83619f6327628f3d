"""The example job of docs/cluster.md, by the page's own commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from examples.local import JOBS, hold_port, write_cluster
from tests.cluster.job import start, until
from tests.docs.doc_pages import commands_for, make_tools

SHOWN = commands_for(__file__, "docs/cluster.md")
LOCAL = [command for command in SHOWN if "examples.local" in command]
PARTS = [command for command in SHOWN if "examples.train" in command]
OPERATING = [command for command in SHOWN if command.startswith("monolith-controller")]

STARTUP = 100.0
"""Five processes import TensorFlow on two cores."""


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "PATH": make_tools(tmp_path / "bin")}


@pytest.fixture
def model_dir(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


def test_every_command_that_the_page_leaves_to_this_file_is_run_here():
    assert len(LOCAL) == 1
    assert len(PARTS) == sum(JOBS.values())
    assert sorted(LOCAL + PARTS + OPERATING) == sorted(SHOWN)


@pytest.mark.timeout(240)
def test_on_one_machine_the_job_trains_until_ctrl_c_which_ends_all_of_it(model_dir, environment):
    local = start(here(LOCAL[0], model_dir), stdout=subprocess.PIPE, env=environment)
    try:
        until(lambda: all_train(model_dir / "logs") or ended([local]), "training", STARTUP)
        assert not ended([local]), local.communicate()
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


@pytest.mark.timeout(240)
def test_started_part_by_part_an_operator_stops_inspects_saves_and_resumes_it(
    tmp_path, model_dir, environment
):
    ports = [hold_port() for _ in PARTS]
    write_cluster(model_dir / "cluster.json", ports)
    logs = tmp_path / "logs"
    logs.mkdir()
    parts = []
    try:
        parts.extend(start_part(here(each, model_dir), logs, environment) for each in PARTS)
        until(lambda: all_train(logs) or ended(parts), "training", STARTUP)
        assert not ended(parts), [log.read_text()[-2000:] for log in logs.iterdir()]
        stop, look, save, resume = [here(command, model_dir) for command in OPERATING]
        run(stop, environment)
        until(lambda: blocked(model_dir) == [1, 2], "both workers are held")
        assert operate(model_dir, "stop")["code"] == "ALREADY_EXISTS"
        held_at = global_step(model_dir)
        assert "workers held: 1, 2" in run(look, environment)
        run(save, environment)
        saved = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(model_dir)))
        assert saved.get_tensor("global_step") >= held_at  # Nothing holds the chief.
        run(resume, environment)
        until(lambda: blocked(model_dir) == [], "both workers go on")
        until(lambda: global_step(model_dir) > held_at, "they train")
    finally:
        for part in parts:
            part.kill()
            part.wait()
        for port in ports:
            port.close()


def here(command: str, model_dir: Path) -> list[str]:
    """A shown command's words, with this test's folder and cluster file for the page's."""
    command = re.sub(r"/(?:tmp|shared)/m\b", str(model_dir), command)
    return shlex.split(
        command.replace(" cluster.json ", f" {model_dir / 'cluster.json'} "), comments=True
    )


def start_part(
    command: list[str], logs: Path, environment: dict[str, str]
) -> subprocess.Popen[str]:
    """One of the job's processes; its log is named as ``examples.local`` names it."""
    job = command[command.index("--job") + 1]
    task = command[command.index("--task") + 1] if "--task" in command else "0"
    with (logs / f"{job}-{task}.log").open("w") as log:
        shared = {**environment, "TF_GRPC_REUSE_PORT": "1"}  # This test holds the ports.
        return start(command, stdout=log, stderr=log, env=shared)


def ended(processes: list[subprocess.Popen[str]]) -> bool:
    return any(process.poll() is not None for process in processes)


def run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


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


def all_train(logs: Path) -> bool:
    """Chief and workers that train say so in their logs."""
    time.sleep(0.5)
    trainers = [logs / f"{name}.log" for name in ("chief-0", "worker-0", "worker-1")]
    return all(log.exists() and "loss = " in log.read_text() for log in trainers)


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True
    )
    return [int(each) for each in listed.stdout.split()]
