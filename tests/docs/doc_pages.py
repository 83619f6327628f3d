"""The README's and the documentation's commands, and who runs them.

- A ``console`` block shows commands after ``$ ``, and what they print. test_commands.py runs
  each, or sees that .ci/run does. A prompt may name a machine: ``chief$``.
- A block below ``<!-- run by tests/.../test_NAME.py -->`` is run by that test, which takes the
  commands from the page with ``commands_for``; test_claims.py checks that it does.
"""

from __future__ import annotations

import ast
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from parity.base import project

PAGES = [
    project.ROOT / "README.md",
    project.ROOT / "monolith-rs" / "README.md",
    *sorted((project.ROOT / "docs").glob("*.md")),
]
SHELLS = {"console", "bash", "sh", "shell", "zsh", "shell-session", "terminal"}

_FENCE = re.compile(
    r"(?:^<!-- run by (?P<test>[^ ]+) -->\n+)?"
    r"^ *```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)
_PROMPT = re.compile(r"^ *[\w-]*\$ +(?P<command>.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the test that runs it if it names one."""

    page: Path
    language: str
    text: str
    test: str | None

    @property
    def commands(self) -> list[str]:
        """What stands after prompts."""
        prompts = map(_PROMPT.match, self.text.splitlines())
        return [prompt["command"] for prompt in prompts if prompt]


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page."""
    return [
        Block(page, each["language"], each["text"], each["test"])
        for each in _FENCE.finditer(page.read_text(encoding="utf-8"))
    ]


def all_blocks() -> list[Block]:
    """Every fenced block there is."""
    return [block for page in PAGES for block in blocks(page)]


def to_run(page: Path) -> list[str]:
    """The commands of a page that test_commands.py runs."""
    shown = [block for block in blocks(page) if block.language in SHELLS and not block.test]
    return [command for block in shown for command in block.commands]


def commands_for(test: str, page: str) -> list[str]:
    """All commands of a page, as ``docs/cluster.md``, that a test, its ``__file__``, is to run."""
    name = Path(test).resolve().relative_to(project.ROOT).as_posix()
    named = [block for block in blocks(project.ROOT / page) if block.test == name]
    return [command for block in named for command in block.commands]


def make_tools(folder: Path) -> str:
    """Put what the pages call by name into a folder; a PATH that begins with it."""
    folder.mkdir()
    python = sys.executable
    for name, command in {
        "python": python,
        "monolith-parity": f"{python} -m parity",
        "monolith-controller": f"{python} -m monolith_hooks",
        "dask": f"{python} -m dask",
    }.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def bare(command: str) -> list[str]:
    """The words of a command without its comment."""
    return shlex.split(command, comments=True)


def sessions() -> set[str]:
    """The sessions of noxfile.py."""
    source = (project.ROOT / "noxfile.py").read_text(encoding="utf-8")
    functions = [each for each in ast.parse(source).body if isinstance(each, ast.FunctionDef)]
    return {each.name for each in functions if any(map(_is_session, each.decorator_list))}


def _is_session(decorator: ast.expr) -> bool:
    return "nox.session" in ast.unparse(decorator)
