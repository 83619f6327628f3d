"""The README's and the documentation's commands, and who runs them.

- A ``console`` block shows commands after ``$ ``, each of which test_commands.py runs, and
  what they print.
- A block below ``<!-- run by the session NAME -->`` is too long or too large for that:
  test_claims.py checks that there is such a session of noxfile.py, that it runs the same,
  and that the programs have these options. A prompt may name a machine: ``chief$``.
"""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from parity import project

PAGES = [
    project.ROOT / "README.md",
    project.ROOT / "monolith-rs" / "README.md",
    *sorted((project.ROOT / "docs").glob("*.md")),
]
SHELLS = {"console", "bash", "sh", "shell", "zsh", "shell-session", "terminal"}

_FENCE = re.compile(
    r"(?:^<!-- run by the session (?P<session>[^ ]+) -->\n+)?"
    r"^ *```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)
_PROMPT = re.compile(r"^ *[\w-]*\$ +(?P<command>.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the session that runs it, if one does."""

    page: Path
    language: str
    text: str
    session: str | None

    @property
    def commands(self) -> list[str]:
        """What stands after prompts."""
        prompts = map(_PROMPT.match, self.text.splitlines())
        return [prompt["command"] for prompt in prompts if prompt]


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page."""
    return [
        Block(page, each["language"], each["text"], each["session"])
        for each in _FENCE.finditer(page.read_text(encoding="utf-8"))
    ]


def all_blocks() -> list[Block]:
    """Every fenced block there is."""
    return [block for page in PAGES for block in blocks(page)]


def to_run(page: Path) -> list[str]:
    """The commands of a page that test_commands.py runs."""
    shown = [block for block in blocks(page) if block.language in SHELLS and not block.session]
    return [command for block in shown for command in block.commands]


def bare(command: str) -> list[str]:
    """The words of a command without its comment."""
    return shlex.split(command, comments=True)


def sessions() -> dict[str, str]:
    """The sessions of noxfile.py, with all that each runs: its code, and its tests' code."""
    source = (project.ROOT / "noxfile.py").read_text(encoding="utf-8")
    found = {}
    for each in ast.parse(source).body:
        if isinstance(each, ast.FunctionDef) and any(map(_is_session, each.decorator_list)):
            code = ast.get_source_segment(source, each) or ""
            folders = [project.ROOT / name for name in re.findall(r"\"(tests/\w+)\"", code)]
            tests = [path.read_text() for folder in folders for path in folder.glob("*.py")]
            found[each.name] = "\n".join([code, *tests])
    return found


def _is_session(decorator: ast.expr) -> bool:
    return "nox.session" in ast.unparse(decorator)
