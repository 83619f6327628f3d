from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from absl import flags
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monolith_hooks.device_utils import ps_device
from monolith_hooks.logging_ops import (
    check_machine_health,
    machine_info,
    tensors_timestamp,
)
from monolith_hooks.logging_ops_pb2 import MachineHealthResult

tf1 = tf.compat.v1

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
FLAG = "monolith_default_machine_info_mem_limit"


def parsed(status: bytes) -> tuple[int, int]:
    """The memory and the limit that an unhealthy status names."""
    result = MachineHealthResult.FromString(status)
    assert result.status == MachineHealthResult.OUT_OF_MEMORY
    found = re.fullmatch(r"Memory limit exceeded\. Current: (\d+), Limit: (-?\d+)", result.message)
    assert found, result.message
    return int(found[1]), int(found[2])


def own_resident_bytes() -> int:
    status = Path("/proc/self/status").read_bytes()
    return int(re.search(rb"\nVmRSS:\s*(\d+) kB", status)[1]) * 1024


def check_at(config: Any, limit: int | None, name: str | None = None) -> bytes:
    with tf.Graph().as_default():
        status = check_machine_health(machine_info(limit, name))
        with tf1.Session(config=config) as session:
            return session.run(status)


@pytest.mark.covers("B4b")
@pytest.mark.parametrize("limit", [0, 1, -1, INT64_MIN])
def test_these_limits_are_always_out_of_memory(config, limit):
    current, named = parsed(check_at(config, limit))
    assert named == limit
    assert current == pytest.approx(own_resident_bytes(), rel=0.5)


@pytest.mark.covers("B3a", "B4c")
@pytest.mark.parametrize("limit", [2**40, 2**62, INT64_MAX])
def test_these_limits_are_always_healthy(config, limit):
    assert check_at(config, limit) == b""


@pytest.mark.parametrize("limit", [INT64_MIN - 1, INT64_MAX + 1])
def test_a_limit_outside_int64_is_refused(limit):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=f"it is {limit}"):
        machine_info(limit)


@pytest.mark.covers("B4a")
@given(current=st.integers(0, 2**53), limit=st.integers(INT64_MIN, INT64_MAX))
@settings(max_examples=50, deadline=None)
def test_unhealthy_begins_where_the_memory_equals_the_limit(tmp_path_factory, current, limit):
    # The comparison is an op of the graph, so feed it: memory in whole kB, as /proc has it.
    kilobytes = current // 1024
    proc = tmp_path_factory.mktemp("proc") / "status"
    proc.write_text(f"Name:\tx\nVmHWM:\t  7 kB\nVmRSS:\t  {kilobytes} kB\nVmData:\t8 kB\n")
    for near in (limit, kilobytes * 1024 - 1, kilobytes * 1024, kilobytes * 1024 + 1):
        assert bool(status_of(proc, near)) == (kilobytes * 1024 >= near)


class Reads:
    """One graph for all examples, whose file name and limit are fed."""

    def __init__(self) -> None:
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.status = check_machine_health(machine_info(0))
        ops = self.graph.get_operations()
        self.file_name = next(op.inputs[0] for op in ops if op.type == "ReadFile")
        self.limit = next(op.outputs[0] for op in ops if op.type == "LookupTableFindV2")
        options = tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        self.session = tf1.Session(graph=self.graph, config=options)


_reads: list[Reads] = []


def status_of(proc: Path, limit: int) -> bytes:
    if not _reads:
        _reads.append(Reads())
    reads = _reads[0]
    fed = {reads.file_name: str(proc), reads.limit: limit}
    status = reads.session.run(reads.status, fed)
    if status:
        assert parsed(status)[1] == limit
    return status


@pytest.mark.covers("B3b")
def test_the_status_is_what_a_serialized_result_is(tmp_path):
    proc = tmp_path / "status"
    proc.write_text("Name:\tx\nVmRSS:\t  2 kB\n")
    expected = MachineHealthResult(
        status=MachineHealthResult.OUT_OF_MEMORY,
        message="Memory limit exceeded. Current: 2048, Limit: 1000",
    )
    assert status_of(proc, 1000) == expected.SerializeToString()


@pytest.mark.covers("B79a")
@given(name=st.binary(max_size=40), rest=st.binary(max_size=40))
@example(name=b"\xc3", rest=b"")
@example(name=b"VmRSS:\t1 kB", rest=b"")
@example(name=b"\\nVmRSS:\t1 kB\\n", rest=b"")
@example(name=b"\nVmRSS:\t1 kB\n", rest=b"\xff")
@example(name=b"\0\n\xc3(\xff", rest=b"VmRSS:\t")
@settings(max_examples=200, deadline=None)
def test_no_name_of_a_process_hides_its_memory_or_passes_for_it(tmp_path_factory, name, rest):
    proc = tmp_path_factory.mktemp("proc") / "status"
    proc.write_bytes(b"Name:\t%b\nUmask:\t0022\nVmRSS:\t  7 kB\nThreads:\t1\n%b" % (name, rest))
    assert parsed(status_of(proc, 1))[0] == 7 * 1024


@pytest.mark.covers("B79b")
@pytest.mark.parametrize(
    "status",
    [
        b"",
        b"Name:\tx\n",
        b"Name:\tVmRSS:\t1 kB\nThreads:\t1\n",
        b"Name:\t\xc3\xff\nVmRSS:\t-1 kB\n",
        b"Name:\tx\nVmRSS:\t\xff kB\n",
        b"Name:\tx\nVmRSS:\t kB\n",
    ],
)
def test_without_a_memory_line_the_check_fails_as_an_op(tmp_path, status):
    proc = tmp_path / "status"
    proc.write_bytes(status)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no VmRSS line in /proc/self/status"):
        status_of(proc, 1)


@pytest.mark.covers("B79b")
def test_without_a_proc_the_check_fails_as_an_op(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match="status"):
        status_of(tmp_path / "status", 1)


@pytest.mark.covers("B3c")
def test_the_memory_is_read_at_each_poll(config):
    with tf.Graph().as_default():
        status = check_machine_health(machine_info(0))
        with tf1.Session(config=config) as session:
            before, _ = parsed(session.run(status))
            ballast = b"\1" * (200 << 20)
            grown, _ = parsed(session.run(status))
            del ballast
            shrunk, _ = parsed(session.run(status))
    assert grown - before > 150 << 20
    assert grown - shrunk > 150 << 20


@pytest.mark.covers("B1a", "B1b")
def test_the_first_creation_fixes_the_limit(config):
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        first, second = machine_info(2**40, "shared"), machine_info(0, "shared")
        session.run(first.op)
        assert session.run(check_machine_health(second)) == b""
        assert session.run(check_machine_health(machine_info(0, "other"))) != b""


@pytest.mark.covers("B1d")
def test_without_a_name_machine_info_is_private(config):
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        statuses = [check_machine_health(machine_info(limit)) for limit in (2**40, 0, 2**40)]
        assert [bool(status) for status in session.run(statuses)] == [False, True, False]


@pytest.mark.covers("B1c")
def test_a_new_local_session_starts_afresh(config):
    assert check_at(config, 2**40, "shared") == b""
    assert check_at(config, 0, "shared") != b""


@pytest.mark.covers("B2a", "B2b")
def test_the_default_limit_is_the_flag_of_this_process_when_the_op_is_built(config):
    flag = flags.FLAGS[FLAG]
    assert flag.value == 2**62
    try:
        flag.value = 0
        with tf.Graph().as_default(), tf1.Session(config=config) as session:
            built_with_0 = check_machine_health(machine_info())
            flag.value = 2**62
            given = check_machine_health(machine_info(1))
            built_later = check_machine_health(machine_info())
            statuses = session.run([built_with_0, given, built_later])
        assert [bool(status) for status in statuses] == [True, True, False]
    finally:
        flag.value = 2**62


@pytest.mark.covers("B2b", "B2c")
def test_the_flag_works_before_and_after_the_flags_are_parsed():
    program = (
        "import sys\n"
        "from absl import flags\n"
        "from monolith_hooks.logging_ops import machine_info\n"
        "import tensorflow as tf\n"
        "def limit():\n"
        "    with tf.Graph().as_default() as graph:\n"
        "        machine_info()\n"
        "    init = next(o for o in graph.get_operations() if o.type == 'InitializeTableV2')\n"
        "    return int(tf.get_static_value(init.inputs[2])[0])\n"
        "found = [limit()]\n"
        f"flags.FLAGS.{FLAG} = 7\n"
        "found.append(limit())\n"
        f"flags.FLAGS(['program', '--{FLAG}=9'])\n"
        "print(*found, limit())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split() == [str(2**62), "7", "9"]


def test_tensors_timestamp_gives_the_tensors_and_the_time_in_microseconds(config):
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        outputs, timestamp = tensors_timestamp([tf.constant([1, 2]), tf.constant("a")])
        assert timestamp.dtype == tf.int64
        before = time.time()
        (numbers, text), first = session.run((outputs, timestamp))
        second = session.run(timestamp)
        after = time.time()
    assert (numbers.tolist(), text) == ([1, 2], b"a")
    assert before * 1e6 - 1 <= first <= second <= after * 1e6 + 1


def test_a_timer_is_a_line_in_the_log_of_the_process_that_runs_it():
    program = (
        "import tensorflow as tf\n"
        "from monolith_hooks.logging_ops import emit_timer\n"
        "with tf.Graph().as_default(), tf.compat.v1.Session() as session:\n"
        "    session.run(emit_timer('step {}', tf.constant(1.5), {'job': 'a', 'zone': 'b'}))\n"
        "    session.run(emit_timer('plain', 3))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"},
    )
    assert "timer step {}{job=a,zone=b} 1.5" in done.stderr
    assert "timer plain 3" in done.stderr


class PsProcess:
    """A parameter server elsewhere, asked by lines on its stdin."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("ps_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd="/",
        )

    def answer(self) -> str:
        return self._process.stdout.readline().strip()

    def tell(self, command: str) -> None:
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        assert self.answer() == command.partition(" ")[0]

    def close(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="module")
def two_ps() -> Iterator[tuple[list[PsProcess], list[str]]]:
    servers = [PsProcess() for _ in range(2)]
    try:
        yield servers, [server.answer() for server in servers]
    finally:
        for server in servers:
            server.close()


@pytest.fixture
def cluster_session(two_ps, config):
    """Sessions on a cluster whose two PS are those processes."""
    _, addrs = two_ps
    config.cluster_def.CopyFrom(tf.train.ClusterSpec({"ps": addrs}).as_cluster_def())
    return lambda: tf1.Session(f"grpc://{addrs[0]}", config=config)


@pytest.mark.covers("B1e", "B3c")
def test_each_ps_in_a_process_of_its_own_tells_its_own_memory(two_ps, cluster_session):
    servers, _ = two_ps
    with tf.Graph().as_default():
        infos = []
        for index in range(2):
            with tf.device(ps_device(index)):
                infos.append(machine_info(0, "same name"))
        # In no device scope: a check goes where its machine info is.
        statuses = [check_machine_health(info) for info in infos]
        with cluster_session() as session:
            before = [parsed(status)[0] for status in session.run(statuses)]
            servers[1].tell(f"grow {500 << 20}")
            grown = [parsed(status)[0] for status in session.run(statuses)]
            servers[1].tell("shrink")
            shrunk = [parsed(status)[0] for status in session.run(statuses)]
    assert grown[1] - before[1] > 400 << 20
    assert abs(grown[0] - before[0]) < 100 << 20
    assert grown[1] - shrunk[1] > 400 << 20


@pytest.mark.covers("B79a")
@pytest.mark.parametrize(
    "name",
    [
        b"\xc3(\xff",
        "\u00e4".encode() * 8,  # The kernel cuts it after 15 bytes, which is within a character.
        b"\nVmRSS:\t1 kB",
        b"VmRSS:\t1 kB",
        b"\\nVmRSS:\t1 kB",
    ],
)
def test_a_ps_of_whatever_name_tells_its_own_memory(two_ps, cluster_session, name):
    servers, _ = two_ps
    with tf.Graph().as_default():
        with tf.device(ps_device(1)):
            status = check_machine_health(machine_info(0, "whatever name"))
        with cluster_session() as session:
            before = parsed(session.run(status))[0]
            servers[1].tell(f"rename {name.hex()}")
            renamed = parsed(session.run(status))[0]
    assert before > 50 << 20
    assert renamed == pytest.approx(before, rel=0.5)


@pytest.mark.covers("B1e")
def test_the_same_name_on_two_ps_is_two_resources(cluster_session):
    with tf.Graph().as_default():
        statuses = []
        for index, limit in enumerate([2**40, 0]):
            with tf.device(ps_device(index)):
                statuses.append(check_machine_health(machine_info(limit, "two")))
        with cluster_session() as session:
            assert [bool(status) for status in session.run(statuses)] == [False, True]


@pytest.mark.covers("B1c")
def test_machine_info_on_a_ps_outlives_sessions(two_ps, config):
    _, addrs = two_ps
    statuses = []
    for limit in (0, 2**40):
        with tf.Graph().as_default():
            status = check_machine_health(machine_info(limit, "outlives"))
            with tf1.Session(f"grpc://{addrs[1]}", config=config) as session:
                statuses.append(parsed(session.run(status))[1])
    assert statuses == [0, 0]
