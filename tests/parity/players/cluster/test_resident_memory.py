from __future__ import annotations

import subprocess
import sys

import pytest

from parity.players.cluster.memory import available_bytes, resident_bytes

_RENAMED = """
import ctypes, sys
PR_SET_NAME = 15
ctypes.CDLL(None).prctl(PR_SET_NAME, bytes.fromhex(sys.argv[1]), 0, 0, 0)
print(flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", [b"\xc3(\xff", "\u00e4".encode() * 8, b"\nVmRSS:\t1 kB\n"])
def test_the_memory_of_a_process_of_whatever_name_is_read(name):
    command = [sys.executable, "-c", _RENAMED, name.hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert resident_bytes(child.pid) > 1 << 20
        child.stdin.close()


def test_what_this_machine_can_still_give_is_read():
    assert available_bytes() > 1 << 20
