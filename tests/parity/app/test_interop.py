"""monolith-parity interop, from what is asked to exit code, matrix and report."""

from __future__ import annotations

import io
import os
import sys

import pytest
from rich.console import Console

from parity.app import interop as run
from parity.base import host, project
from parity.base.problems import PortUnavailableError, UsageError
from parity.interop import playing
from parity.interop.cases.message import ACTIONS
from parity.interop.cases.steps import (
    Ask,
    Group,
    InteropCase,
    InteropServer,
    Ipv6IsSeen,
    MessageCase,
    Want,
)
from parity.interop.report import read_interop_report
from tests.parity.interop.acting import ActingPeer

DRIVERS = project.ROOT / "tests" / "drivers"
GROUP = Group(
    server=InteropServer(),
    cases=(
        InteropCase(
            method="StopTraining",
            name="first",
            covers=(),
            steps=(Ask(method="/Controller/StopTraining", want=Want(response_hex="")),),
        ),
    ),
)
MESSAGE = MessageCase(
    method=ACTIONS, name="x", hex="0801", fields={"action": 1}, text="action: TRIGGER_SAVE"
)


@pytest.fixture
def small(monkeypatch):
    """One case and one message, and Python played by an actor."""
    actor = ActingPeer("python")
    monkeypatch.setattr(playing, "all_groups", lambda: [GROUP])
    monkeypatch.setattr(playing, "all_cases", lambda: [*GROUP.cases, MESSAGE])
    monkeypatch.setattr(playing, "message_cases", lambda: [MESSAGE])
    monkeypatch.setattr(run, "_python_peer", lambda: actor)
    return actor


def interop(folder, peer):
    console = Console(file=io.StringIO(), width=100)
    code = run.interop(peer, folder, 20.0, console)
    return code, console.file.getvalue(), read_interop_report(folder / "interop.jsonl")


def driver(name):
    return f"{sys.executable} {DRIVERS / name}"


def test_python_alone_is_one_column(small, tmp_path):
    code, shown, report = interop(tmp_path, "python")
    assert code == 0
    assert "2 cells: 2 agree" in shown
    assert report.header.peers == ("python",)
    assert report.footer.exit_code == 0


def test_what_differs_exits_1_and_is_shown(small, tmp_path):
    small.hex = "0802"
    code, shown, report = interop(tmp_path, "python")
    assert code == 1
    assert "bytes written by python: expected '0801', got '0802'" in shown
    assert report.footer.verdicts == {"agree": 1, "differs": 1}


def test_without_the_port_its_pairs_are_skipped_with_the_reason(small, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    code, shown, report = interop(tmp_path, None)
    assert code == 0
    assert report.footer.verdicts == {"agree": 2, "skipped": 6}
    assert "no cargo on PATH" in report.header.note
    assert "6 skipped: there is no Rust port here: there is no Rust toolchain" in shown


def test_a_port_that_is_asked_for_and_missing_is_an_error(small, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(PortUnavailableError, match="no cargo on PATH"):
        interop(tmp_path, "rust")


def test_recordings_cannot_take_part(small, tmp_path):
    with pytest.raises(UsageError, match="recorded can't take part in interop"):
        interop(tmp_path, "recorded")


def test_a_driver_without_the_capability_is_skipped(small, tmp_path):
    code, shown, report = interop(tmp_path, driver("declining.py"))
    assert code == 0
    assert report.footer.verdicts == {"agree": 2, "skipped": 6}
    assert "doesn't have the capability interop" in shown


def test_a_driver_that_goes_wrong_fails_its_cells_and_the_rest_is_played(small, tmp_path):
    code, shown, report = interop(tmp_path, driver("dropping.py"))
    assert code == 3
    assert report.footer.verdicts == {"agree": 3, "failed": 5}
    assert "crashed at call: it exited with status 1" in shown
    assert "out of files" in shown
    assert "garbage at encode: it answered encode with stopped" in shown


def test_an_interrupted_run_keeps_what_it_has_done(small, tmp_path, monkeypatch):
    def interrupt(pair, case):
        raise KeyboardInterrupt

    monkeypatch.setattr(playing, "play_message", interrupt)
    code, shown, report = interop(tmp_path, "python")
    assert code == 2
    assert report.footer.interrupted
    assert len(report.records) == 1
    assert "1 cell: 1 agree; interrupted" in shown


def test_the_umask_is_as_before_afterwards(small, tmp_path):
    before = os.umask(0o077)
    try:
        interop(tmp_path, "python")
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)


@pytest.fixture
def without_ipv6(monkeypatch):
    host.has.cache_clear()
    monkeypatch.setitem(host._TRIALS, "ipv6", lambda: False)
    yield
    host.has.cache_clear()


def test_a_host_without_ipv6_skips_its_cases_by_name(small, tmp_path, monkeypatch, without_ipv6):
    cases = (GROUP.cases[0].model_copy(update={"name": "by IPv6"}),)
    six = Group(server=InteropServer(ip="::1"), cases=cases)
    monkeypatch.setattr(playing, "all_groups", lambda: [GROUP, six])
    code, shown, report = interop(tmp_path, "python")
    assert code == 0
    assert report.footer.verdicts == {"agree": 2, "skipped": 1}
    assert "1 skipped: needs ipv6: this host has no IPv6 loopback" in shown


def test_of_one_server_the_cases_are_played_that_the_host_can(
    small, tmp_path, monkeypatch, without_ipv6
):
    seen = InteropCase(method="machine", name="by IPv6", covers=(), steps=(Ipv6IsSeen(),))
    group = GROUP.model_copy(update={"cases": (seen, *GROUP.cases)})
    monkeypatch.setattr(playing, "all_groups", lambda: [group])
    _, _, report = interop(tmp_path, "python")
    assert report.footer.verdicts == {"agree": 2, "skipped": 1}
    assert [each.case for each in report.records if each.verdict == "skipped"] == ["by IPv6"]
