"""The code on the pages, copied from the files in which it runs.

A fence below ``<!-- from FILE:SECTION -->`` has the lines of FILE between ``[start:SECTION]`` and
``[end:SECTION]``, or all of FILE without a section.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from parity.base import project
from parity.base.problems import UsageError

_COPY: Final = re.compile(
    r"^<!-- from (?P<file>[^ :]+)(?::(?P<section>\w+))? -->\n```(?P<language>\w+)\n.*?^```$",
    re.DOTALL | re.MULTILINE,
)


def pages() -> Iterator[tuple[Path, str]]:
    """Yield each page with its current code.

    Raises:
        UsageError: A page names a file or a section that doesn't exist.
    """
    for page in sorted((project.ROOT / "docs").glob("*.md")):
        yield page, with_code(page)


def with_code(page: Path) -> str:
    """Return the text of a page with its code replaced by the files' current code.

    Raises:
        UsageError: It names a file or a section that doesn't exist.
    """

    def copied(found: re.Match[str]) -> str:
        name, section = found["file"], found["section"]
        code = _code(page, project.ROOT / name, section)
        place = name if section is None else f"{name}:{section}"
        return f"<!-- from {place} -->\n```{found['language']}\n{code}```"

    return _COPY.sub(copied, page.read_text(encoding="utf-8"))


def _code(page: Path, file: Path, section: str | None) -> str:
    if not file.is_file():
        raise UsageError(f"{page}: there is no {file}")
    text = file.read_text(encoding="utf-8")
    if section is None:
        return text
    marked = re.search(
        rf"^[^\n]*\[start:{section}\]\n(?P<code>.*?)^[^\n]*\[end:{section}\]$",
        text,
        re.DOTALL | re.MULTILINE,
    )
    if marked is None:
        raise UsageError(f"{page}: {file} has no [start:{section}] and [end:{section}]")
    return textwrap.dedent(marked["code"]).strip("\n") + "\n"
