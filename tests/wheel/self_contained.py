"""Whether a report's folder is whole and loads nothing from anywhere: ``self_contained.py DIR``.

For the nox session wheel, where nothing but the standard library and the package is there.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

FILES = ("report.jsonl", "index.html", "summary.md", "badge.svg", "junit.xml")
LOADING = {"src", "srcset", "poster", "data", "action", "background"}
INSIDE = ("data:", "#")
CODE = re.compile(
    r"url\(\s*['\"]?(?!data:|#)[^)]+\)|@import\b[^;]*"
    r"|\b(?:fetch|importScripts|import)\s*\(|\b(?:XMLHttpRequest|WebSocket|EventSource)\b"
)
"""What loads from within a style or a script."""


class _Loads(HTMLParser):
    """Collects what a page would load; where its links lead isn't loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._code = tag == "style" or (tag == "script" and "json" not in given.get("type", ""))
        loading = LOADING | ({"href"} if tag in {"link", "image", "use", "base"} else set())
        self.found += [
            f'<{tag} {name}="{value}">'
            for name, value in given.items()
            if name in loading and not value.startswith(INSIDE)
        ]
        self.found += CODE.findall(given.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._code = False

    def handle_data(self, data: str) -> None:
        if self._code:
            self.found += CODE.findall(data)


def loads(page: str) -> list[str]:
    """What an HTML or SVG text would load, as it stands there."""
    parser = _Loads()
    parser.feed(page)
    parser.close()
    return parser.found


def problems(folder: Path) -> list[str]:
    """What is missing, empty, or loaded from elsewhere in a report's folder."""
    texts = {name: _text(folder / name) for name in FILES}
    wrong = [f"{name}: missing or empty" for name, text in texts.items() if not text.strip()]
    wrong += [
        f"{name}: loads {each}"
        for name in ("index.html", "badge.svg")
        for each in loads(texts[name])
    ]
    wrong += [f"summary.md: shows {each}" for each in re.findall(r"!\[.*?\)", texts["summary.md"])]
    return wrong


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]))
    sys.exit("\n".join(found) or None)
