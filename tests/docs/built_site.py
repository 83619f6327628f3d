"""The built site shows each page's code as it stands in the page, and no mark of a builder's.

``python tests/docs/built_site.py SITE`` is run by ``nox -s docs``; it exits with 1 and a line for
each block that the site lacks. Not a test module: the tests run the blocks of the pages, so what is
shown here is what was run.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.docs.doc_pages import PAGES, blocks

MARKS = ("--8<--", "[start:", "[end:", "```")
"""What a builder would have put a file's text in the place of, and a fence that is none."""


class Shown(HTMLParser):
    """The text of a page, and that of each block of code in it."""

    def __init__(self) -> None:
        super().__init__()
        self.code: list[str] = []
        self.prose: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("pre", "code", "script", "style"):
            self._inside.append(tag)
            if tag == "pre":
                self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if "pre" in self._inside:
            self.code[-1] += data
        elif not self._inside:
            self.prose.append(data)


def normal(text: str) -> str:
    """A block without the indentation of a list that it may stand in."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


def lacking(page: Path, built: Path) -> list[str]:
    """What the built page shows otherwise than the page."""
    shown = Shown()
    shown.feed(built.read_text(encoding="utf-8"))
    code = {normal(each) for each in shown.code}
    wrong = [
        f"{built}: lacks a block of {page.name}: {block.text.strip().splitlines()[0]}"
        for block in blocks(page)
        if block.text.strip() and normal(block.text) not in code
    ]
    prose = "".join(shown.prose)
    return wrong + [f"{built}: has {mark} in its text" for mark in MARKS if mark in prose]


def main(site: Path) -> int:
    """Check each page of docs/; the exit code."""
    compared, wrong = 0, []
    for page in PAGES:
        if page.parent.name == "docs":
            compared += len(blocks(page))
            wrong += lacking(page, site / f"{page.stem}.html")
    told = "\n".join(wrong) or f"{compared} blocks of code are on the site as they are in docs/"
    print(told)  # noqa: T201 - that is what it is for
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
