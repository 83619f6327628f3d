"""The cost of a health poll on a real cluster: ``python -m benchmarks.cluster_polls``.

For 1, 2, 4 and 8 PS in processes of their own, this process being the chief: how long a
poll takes (one ``session.run`` of all health checks), idle and while this process trains
as fast as it can on PS 0, and how much CPU time it costs a PS, as the kernel counts it.
Then how long an operator waits for the controller of a job with two PS. Nothing is asserted.
"""

from __future__ import annotations

import functools
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parity.players.python.quiet import quiet_tensorflow

quiet_tensorflow()
os.environ["TF_GRPC_REUSE_PORT"] = "1"  # See parity.players.cluster.cluster.

import tensorflow as tf  # noqa: E402

from monolith_hooks.device_utils import ps_device  # noqa: E402
from monolith_hooks.logging_ops import check_machine_health  # noqa: E402
from monolith_hooks.server import client_lib, service_pb2  # noqa: E402
from parity.base.model import frozen  # noqa: E402
from parity.players.cluster.cluster import ClusterProcesses  # noqa: E402
from parity.players.cluster.placement import machine_info_of  # noqa: E402
from parity.players.cluster.processes import Zygote  # noqa: E402
from parity.players.cluster.wire import RoleCommand  # noqa: E402
from parity.spec.scenario import Scenario  # noqa: E402

POLLS = 1000
CALLS = 100
PS_COUNTS = (1, 2, 4, 8)
METHODS = (
    "GetBlockStatus",
    "GetTrainingStatus",
    "StopTraining",
    "ResumeTraining",
    "SaveCheckpoint",
)


def scenario(ps: int) -> Scenario:
    """Return the scenario of a job with this many PS and a chief."""
    document = {
        "about": "a job",
        "cluster": {"ps": ps},
        "steps": [{"train": 1}],
        "expect": {"reports": 0},
    }
    return Scenario.model_validate(frozen(document))


def main() -> None:
    """Measure and print."""
    zygote = Zygote()
    try:
        for count in PS_COUNTS:
            with tempfile.TemporaryDirectory() as folder, running(count, zygote, folder) as cluster:
                measure_polls(cluster, count)
        with tempfile.TemporaryDirectory() as folder, running(2, zygote, folder) as cluster:
            measure_calls(cluster, Path(folder))
    finally:
        zygote.close()


def running(count: int, zygote: Zygote, folder: str) -> ClusterProcesses:
    """Run a cluster of this many PS within the block."""
    return ClusterProcesses(scenario(count), zygote, Path(folder), 1.0, 60, lambda _: None)


def measure_polls(cluster: ClusterProcesses, count: int) -> None:
    """Print one line for idle polls and one for polls beside training."""
    cluster.kill("chief")  # This process takes its place.
    *ps_addresses, chief_address = cluster.addresses()
    spec = tf.train.ClusterSpec({"ps": ps_addresses, "chief": [chief_address]})
    config = tf.compat.v1.ConfigProto(device_filters=["/job:ps", "/job:chief"])
    server = tf.distribute.Server(spec, "chief", 0, config=config)
    pids = [cluster.processes[f"ps-{ps}"].pid for ps in range(count)]
    with tf.Graph().as_default():
        checks = [check_machine_health(machine_info_of(ps, None)) for ps in range(count)]
        with tf.device(ps_device(0)):
            variable = tf.compat.v1.Variable(0, use_resource=True)
            train_op = variable.assign_add(1)
        with tf.compat.v1.Session(server.target, config=config) as session:
            session.run(variable.initializer)
            first = milliseconds(lambda: session.run(checks))
            for _ in range(20):
                session.run(checks)
            before = sum(map(cpu_seconds, pids))
            idle = [milliseconds(lambda: session.run(checks)) for _ in range(POLLS)]
            cpu = (sum(map(cpu_seconds, pids)) - before) / POLLS / count
            busy = beside_training(session, train_op, lambda: session.run(checks))
    print(f"{count} PS: first poll {first:.0f} ms; idle {shown(idle)}; training {shown(busy)}; "
          f"{cpu * 1e3:.2f} ms CPU a PS and poll")  # fmt: skip


def beside_training(session: Any, train_op: Any, poll: Callable[[], object]) -> list[float]:
    """Poll while another thread trains as fast as it can, and return the polls' durations."""
    stop = threading.Event()

    def train() -> None:
        while not stop.is_set():
            session.run(train_op)

    trainer = threading.Thread(target=train)
    trainer.start()
    try:
        return [milliseconds(poll) for _ in range(POLLS)]
    finally:
        stop.set()
        trainer.join()


def measure_calls(cluster: ClusterProcesses, model_dir: Path) -> None:
    """Print one line for each of the controller's methods, the chief being idle."""
    cluster.processes["chief"].ask(RoleCommand(do="open"), 60)
    stub = client_lib.get_stub_from_model_dir(str(model_dir))
    taken: dict[str, list[float]] = {method: [] for method in METHODS}
    for _ in range(CALLS):
        for method in METHODS:
            call, request = getattr(stub, method), getattr(service_pb2, f"{method}Request")()
            taken[method].append(milliseconds(functools.partial(call, request)))
    for method, each in taken.items():
        print(f"{method}: {shown(each)}")


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def milliseconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def shown(taken: list[float]) -> str:
    """Return the median and 95th percentile as text."""
    p95 = statistics.quantiles(taken, n=20)[-1]
    return f"median {statistics.median(taken):.2f} ms, p95 {p95:.2f} ms"


if __name__ == "__main__":
    main()
