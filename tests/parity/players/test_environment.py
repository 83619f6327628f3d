"""What a user has set for the machine isn't what a port is judged by."""

from __future__ import annotations

import os
import sys
import tempfile

import pytest

from parity.base.problems import PortUnavailableError
from parity.players.driver.player import DriverPlayer
from parity.players.environment import past_any_proxy, plain_umask

LOCAL = "localhost,127.0.0.1,::1"
TELLS = """
import json, os, sys
umask = os.umask(0)
said = json.dumps([os.environ.get(name) for name in {names}] + [oct(umask)])
sys.stdin.readline()
print(json.dumps({{"type": "hello", "protocol": 1, "implementation": said, "language": "x",
                   "version": "1", "source_digest": None, "capabilities": []}}), flush=True)
sys.stdin.readline()
print('{{"type": "bye"}}', flush=True)
"""


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, {"no_proxy": LOCAL, "NO_PROXY": LOCAL}),
        ({"no_proxy": "", "A": "b"}, {"no_proxy": LOCAL, "NO_PROXY": LOCAL, "A": "b"}),
        ({"no_proxy": "a.b"}, {"no_proxy": f"a.b,{LOCAL}", "NO_PROXY": LOCAL}),
        (
            {"no_grpc_proxy": "c"},
            {"no_grpc_proxy": f"c,{LOCAL}", "no_proxy": LOCAL, "NO_PROXY": LOCAL},
        ),
        (
            {"GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES": "0.0.0.0/0"},
            {
                "GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES": "",
                "no_proxy": LOCAL,
                "NO_PROXY": LOCAL,
            },
        ),
    ],
)
def test_calls_to_this_machine_are_past_any_proxy_and_others_as_they_were(given, named):
    assert past_any_proxy(given) == named


def told(*names):
    """What a driver that is started here has of these variables, and its umask."""
    player = DriverPlayer("tells", [sys.executable, "-c", TELLS.format(names=list(names))])
    try:
        return player.start().implementation
    finally:
        player.close()


def test_a_driver_has_a_plain_umask_and_is_past_any_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "a.b")
    before = os.umask(0o077)
    try:
        assert told("no_proxy") == f'["a.b,{LOCAL}", "0o22"]'
    finally:
        os.umask(before)


def test_a_driver_has_the_folder_for_temporary_files_that_this_process_has(monkeypatch, tmp_path):
    gone = str(tmp_path / "gone")
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", gone)
    assert told("TMPDIR") == f'["{tempfile.gettempdir()}", "0o22"]'
    assert tempfile.gettempdir() != gone


def test_without_such_a_folder_no_driver_is_started(monkeypatch):
    def none_is_found():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none_is_found)
    with pytest.raises(PortUnavailableError, match="no folder for temporary files: No usable"):
        told()


def test_the_umask_is_plain_within_and_as_it_was_afterwards():
    before = os.umask(0o077)
    try:
        with plain_umask():
            assert os.umask(0o022) == 0o022
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
