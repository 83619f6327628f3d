"""Markers of snippets on the pages, which the site's builder leaves as text if one is mistyped."""

from __future__ import annotations

import re

import pytest

from parity.base import project

PAGES = sorted((project.ROOT / "docs").glob("*.md"))
LIKE_A_MARKER = re.compile(r"^\W*8\W*<.*$", re.MULTILINE)
MARKER = re.compile(r'--8<-- "(?P<file>[^":]+)(?::(?P<section>\w+))?"')


def markers(text):
    return LIKE_A_MARKER.findall(text)


def test_there_are_snippets():
    assert sum(len(markers(page.read_text())) for page in PAGES) >= 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_marker_is_one_that_the_builder_expands(page):
    for line in markers(page.read_text()):
        marker = MARKER.fullmatch(line)
        assert marker, f"{page.name}: {line}"
        source = (project.ROOT / marker["file"]).read_text()
        if marker["section"]:
            assert f"--8<-- [start:{marker['section']}]" in source


@pytest.mark.parametrize("line", ['--8 < --"a.py:b"', '-- 8<-- "a.py"', '--8<--"a.py"'])
def test_a_marker_that_a_formatter_has_spaced_is_found(line):
    assert markers(line) == [line]
    assert not MARKER.fullmatch(line)
