"""Plays a few scenarios and cases of interop on a lesser host, in a process of its own.

Not a test module. TensorFlow is imported once for all hosts: each is a fork of a zygote.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from parity.base import project
from parity.interop.report import read_interop_report
from parity.players.cluster.processes import Zygote
from parity.report.report import read_report

NO_SUCH_HOST: Final = 77
CALLS, ADDRESSES, MESSAGES = 2, 6, 2
"""How many groups of calls are played, cases of address files, and messages."""


def import_players() -> None:
    """What every play takes."""
    from parity.players.python.quiet import quiet_tensorflow

    quiet_tensorflow()
    import parity.interop.peers.python_peer
    import parity.players.python.player
    import parity.pytest_plugin  # noqa: F401


def play(host: str, settings: dict[str, str], folder: str) -> None:
    """Run a few scenarios and interop with the port; their reports go into the folder."""
    become(host)
    os.environ.update(settings)
    os.umask(int(settings.get("UMASK", "022"), 8))
    tempfile.tempdir = None  # The parent may have looked for one already.
    from parity.app.cli import app
    from parity.interop import playing
    from parity.interop.cases.address import address_groups
    from parity.interop.cases.look import looking_groups
    from parity.interop.cases.service import service_groups
    from parity.interop.cases.steps import Group

    files = [str(project.SCENARIOS / "address" / f"{name}.yaml") for name in ("ipv4", "ipv6")]
    app(["run", *files, "--peer", "rust", "--report", folder], standalone_mode=False)
    services, messages = service_groups()[:CALLS], playing.message_cases()[:MESSAGES]
    contents, *published = address_groups()
    contents = Group(server=contents.server, cases=contents.cases[:ADDRESSES])
    groups = [*looking_groups(), *services, contents, *published]
    playing.all_groups = lambda: groups
    playing.message_cases = lambda: messages
    app(["interop", "--peer", "rust", "--report", folder], standalone_mode=False)


def command(host: str, *words: str) -> None:
    """A command of parity's, and its exit code."""
    become(host)
    from parity.app.cli import main

    sys.argv = ["monolith-parity", *words]
    try:
        main()
    except SystemExit as ended:
        sys.stderr.flush()
        os._exit(int(ended.code or 0))


def become(host: str) -> None:
    """Make this host that one, or end the process with what says that it can't be."""
    from parity.base.host import has
    from tests.parity.hosts.lesser_hosts import HOSTS

    has.cache_clear()  # The parent, whose host has it all, has asked.
    if host:
        try:
            HOSTS[host]()
        except OSError as error:
            os.write(2, f"no host {host} can be made here: {error}\n".encode())
            os._exit(NO_SUCH_HOST)


class Hosts:
    """Starts processes on lesser hosts."""

    def __init__(self, folder: Path) -> None:
        self._zygote = Zygote([f"{__name__}:import_players"])
        self._log = folder / "log"

    def run(self, function: str, *args: object) -> tuple[int, str]:
        """Call a function of this module there; the exit status, and what was written.

        The test is skipped if there is no such host.
        """
        with self._log.open("wb") as log:
            streams = (os.open(os.devnull, os.O_RDONLY), log.fileno(), log.fileno())
            try:
                pid = self._zygote.run(f"{__name__}:{function}", list(args), streams)
            finally:
                os.close(streams[0])
        status = self._zygote.reap(pid)
        text = self._log.read_text(encoding="utf-8")
        if status == NO_SUCH_HOST:
            pytest.skip(text.strip().splitlines()[-1])
        return status, text

    def close(self) -> None:
        """End all of them."""
        self._zygote.close()


class Played:
    """Verdicts of scenarios and of cells, and the reasons of those that were skipped."""

    def __init__(self, hosts: Hosts, folder: Path, host: str = "", **settings: str) -> None:
        status, self.text = hosts.run("play", host, settings, str(folder))
        assert status == 0, self.text
        records = read_report(folder / "report.jsonl").records
        self.scenarios = {each.scenario: (each.verdict, *each.reasons) for each in records}
        cells = read_interop_report(folder / "interop.jsonl").records
        self.cells = Counter(each.verdict for each in cells)
        skipped = [each for each in cells if each.verdict == "skipped"]
        self.skipped = {reason for each in skipped for reason in each.reasons}
