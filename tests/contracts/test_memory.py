"""The resident memory that a status file names, whatever else is in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks import logging_ops
from monolith_hooks.logging_ops_pb2 import MachineHealthResult

tf1 = tf.compat.v1
COMM = Path("/proc/self/comm")


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


@pytest.fixture
def memory(config: Any) -> Any:
    """The memory that an alarm names, while the kernel shows each of these files."""

    def read(*contents: bytes) -> list[int]:
        with tf.Graph().as_default(), pytest.MonkeyPatch.context() as patch:
            shown = tf1.placeholder(tf.string, [])
            patch.setattr(tf.io, "read_file", lambda _: shown)
            check = logging_ops.check_machine_health(logging_ops.machine_info(-(2**63)))
            with tf1.Session(config=config) as session:
                alarms = [session.run(check, {shown: content}) for content in contents]
        return [current(alarm) for alarm in alarms]

    return read


def current(alarm: bytes) -> int:
    message = MachineHealthResult.FromString(alarm).message
    found = re.fullmatch(r"Memory limit exceeded\. Current: (\d+), Limit: -\d+", message)
    assert found is not None, message
    return int(found[1])


def status(name: bytes, value: str) -> bytes:
    line = f"\nUmask:\t0022\nVmHWM:\t9 kB\nVmRSS:\t{value} kB\nRssAnon:\t5 kB\n"
    return b"Name:\t" + name + line.encode()


NAMES = [
    *(b"", b"\xc3", b"\xff\xfe\0\x80", b"12345678901234\xe4", "äöü".encode(), b"VmRSS:\t1 kB"),
    *(b"\\nVmRSS:\t1 kB", b"a\nVmRSS:\t1 kB\nb", b"\n\n", b"100 % kB"),
]


@pytest.mark.covers("B3c")
def test_it_is_the_line_of_the_resident_memory_times_1024(memory):
    values = {
        "0": 0,
        "1": 1,
        "       7": 7,
        "\t 12345": 12_345,
        "2097152": 2**21,
        "4294967297": 2**32 + 1,
        "9007199254740991": 2**53 - 1,
    }
    found = memory(*(status(b"python", value) for value in values))
    assert found == [kilobytes * 1024 for kilobytes in values.values()]


@pytest.mark.covers("B79a")
def test_no_name_of_a_process_hides_it_or_passes_for_it(memory):
    assert memory(*(status(name, "77") for name in NAMES)) == [77 * 1024] * len(NAMES)


@pytest.mark.covers("B79b")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Name:\tx\n",
        b"Name:\tx\nVmHWM:\t7 kB\n",
        b"Name:\tx\nRssAnon:\t7 kB\n",
        b"Name:\tx\nVmRSS:\t kB\n",
        b"Name:\tx\nVmRSS:\tmany kB\n",
        b"Name:\tx\nVmRSS:\t-7 kB\n",
        b"Name:\tx\nVmRSS:\t7.5 kB\n",
        b"Name:\tx\nVmRSS:\t7 MB\n",
        b"Name:\tx\nVmRSS:\t7\n",
        b"Name:\tx\nXVmRSS:\t7 kB\n",
        b"Name:\tVmRSS:\t7 kB\n",
        b"Name:\tx\nvmrss:\t7 kB\n",
    ],
)
def test_without_the_line_the_check_fails(memory, content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        memory(content)


@pytest.mark.covers("B4a", "B79b")
def test_without_the_file_it_fails_and_under_a_limit_it_is_no_alarm(config, monkeypatch):
    shown = tf.io.read_file
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        monkeypatch.setattr(tf.io, "read_file", lambda _: tf.constant(status(b"x", "1")))
        checks = [
            logging_ops.check_machine_health(logging_ops.machine_info(limit))
            for limit in (1023, 1024, 1025)
        ]
        assert [bool(session.run(check)) for check in checks] == [True, True, False]
        monkeypatch.setattr(tf.io, "read_file", lambda _: shown("/proc/self/no-such-file"))
        check = logging_ops.check_machine_health(logging_ops.machine_info())
        with pytest.raises(tf.errors.NotFoundError):
            session.run(check)


@pytest.fixture
def check(config: Any) -> Any:
    """A check of this process that is always an alarm."""
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        op = logging_ops.check_machine_health(logging_ops.machine_info(-(2**63)))
        yield lambda: current(session.run(op))


@pytest.mark.covers("B79a")
@pytest.mark.parametrize(
    "name", [b"\xc3(\xff", "ä".encode() * 8, b"\nVmRSS:\t1 kB", b"VmRSS:\t1 kB"]
)
def test_this_process_may_have_any_name(check: Callable[[], int], name):
    before = COMM.read_bytes()
    COMM.write_bytes(name)
    try:
        assert check() > 2**20
    finally:
        COMM.write_bytes(before.rstrip(b"\n"))


@pytest.mark.covers("B3c")
def test_it_grows_with_the_process(check: Callable[[], int]):
    before = check()
    filled = b"x" * 2**26
    assert check() - before > len(filled) // 2
