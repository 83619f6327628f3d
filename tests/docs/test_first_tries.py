"""What docs/your-own-port.md shows of first tries is what they print.

A block below ``<!-- tried by tests/docs/test_first_tries.py: COMMAND -->`` is what it prints of
the walk-through's driver, changed as the block of differences above it says, if there is one.
Lines may be left out and ``...`` stands for any text, but nothing else may be on the page.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from parity.base import project
from tests.docs.doc_pages import make_tools

PAGE = project.ROOT / "docs" / "your-own-port.md"
DRIVER = Path("examples") / "driver" / "port_driver.py"
NAME = Path(__file__).relative_to(project.ROOT).as_posix()
TRIED = re.compile(
    rf"^<!-- tried by {re.escape(NAME)}: (?P<command>[^\n]+) -->\n"
    r"(?:```diff\n(?P<change>.*?)^```\n\n)?^```text\n(?P<printed>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class FirstTry:
    """A command, the change of the driver, and what the page says is printed."""

    command: str
    change: str
    printed: str

    def changed(self, source: str) -> str:
        """The driver with the change, which is of one place in it."""
        lines = self.change.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        assert not lines or source.count(before) == 1, before
        return source.replace(before, after) if lines else source


TRIES = [
    FirstTry(each["command"], each["change"] or "", each["printed"])
    for each in TRIED.finditer(PAGE.read_text(encoding="utf-8"))
]


def shows(printed: str, output: str) -> bool:
    """Whether the page shows lines of the output, in their order."""
    lines = iter(output.splitlines())
    for shown in printed.splitlines():
        pattern = ".*".join(map(re.escape, shown.split("...")))
        if shown != "..." and not any(re.fullmatch(pattern, line.rstrip()) for line in lines):
            return False
    return True


def test_the_page_has_mistakes_before_both_of_its_good_tries():
    found = [(each.command.split()[0], bool(each.change)) for each in TRIES]
    smoke, run = [("smoke", True)] * 3, [("run", True)] * 3
    assert found == [*smoke, ("smoke", False), *run, ("run", False), ("run", False)]


def test_no_block_of_the_page_is_shown_without_being_tried():
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("\n```text\n") == len(TRIES)
    assert text.count("\n```diff\n") == sum(bool(each.change) for each in TRIES)


@pytest.mark.slow
@pytest.mark.parametrize("each", TRIES, ids=lambda each: f"{each.command}-{each.change[:40]!r}")
def test_what_the_page_shows_is_what_is_printed(each, tmp_path):
    driver = tmp_path / DRIVER
    driver.parent.mkdir(parents=True)
    driver.write_text(each.changed((project.ROOT / DRIVER).read_text()))
    (tmp_path / "scenarios").symlink_to(project.SCENARIOS)
    peer = f"python {DRIVER}"
    given = [peer] if each.command == "smoke" else ["--peer", peer]
    done = subprocess.run(
        ["monolith-parity", *shlex.split(each.command), *given],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": make_tools(tmp_path / "bin"),
            "PYTHONPATH": str(project.ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    output = (done.stdout + done.stderr).replace(f"{project.ROOT}/", "")
    assert (done.returncode != 0) == bool(each.change), output
    assert shows(each.printed, output), output


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("one\nthree\n", True),
        ("one\n...\nthree\n", True),
        ("o...\n", True),
        ("three\none\n", False),
        ("on\n", False),
        ("one\none\n", False),
    ],
)
def test_lines_may_be_left_out_but_not_changed(printed, shown):
    assert shows(printed, "one\ntwo\nthree\n") == shown
