"""Sections of documentation pages, as links name them."""

from __future__ import annotations

import re
from pathlib import Path


def section_doubt(root: Path, link: str) -> str | None:
    """Why ``docs/page.md#section`` is no evidence; None if it is there and says something."""
    name, _, anchor = link.partition("#")
    path = root / name
    if not path.is_file():
        return f"there is no page {name}"
    sections = _sections(path.read_text(encoding="utf-8"))
    if anchor not in sections:
        return f"{name} has no section #{anchor}"
    return None if sections[anchor].strip() else f"{link} is empty"


def _sections(text: str) -> dict[str, str]:
    """The text under each heading, down to the next one, by GitHub's anchor of the heading."""
    sections = {"": text}
    parts = re.split(r"^#+ +(.+)$", text, flags=re.MULTILINE)
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        anchor = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        sections.setdefault(anchor, body)
    return sections
