"""The code on the pages is that of the files that CI runs, and it is on the pages themselves."""

from __future__ import annotations

import re

import pytest

from parity.app.page_code import pages, with_code
from parity.base import project
from parity.base.problems import UsageError

PAGES = sorted((project.ROOT / "docs").glob("*.md"))
FROM = re.compile(r"^<!-- from (?P<place>.+) -->$", re.MULTILINE)


def test_there_is_code_from_files():
    assert sum(len(FROM.findall(page.read_text())) for page in PAGES) >= 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_has_the_code_as_it_is(page):
    assert page.read_text() == dict(pages())[page]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_leaves_its_code_to_a_builder(page):
    assert not re.search(r"^\W*8\W*<", page.read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_place_is_followed_by_a_fence_that_isnt_empty(page):
    text = page.read_text()
    for found in FROM.finditer(text):
        assert re.match(r"\n```\w+\n(?!```$)", text[found.end() :]), found["place"]


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "ROOT", tmp_path)
    (tmp_path / "code.py").write_text("# [start:one]\n  a = 1\n\n  b = 2\n# [end:one]\nrest\n")
    return tmp_path / "page.md"


def test_a_section_is_copied_without_its_marks(page):
    page.write_text("before\n\n<!-- from code.py:one -->\n```python\nold\n```\n\nafter\n")
    copied = "<!-- from code.py:one -->\n```python\na = 1\n\nb = 2\n```"
    assert with_code(page) == f"before\n\n{copied}\n\nafter\n"


@pytest.mark.parametrize("place", ["none.py", "code.py:two"])
def test_a_place_that_is_none_is_refused(page, place):
    page.write_text(f"<!-- from {place} -->\n```python\n```\n")
    with pytest.raises(UsageError, match=place.split(":")[0]):
        with_code(page)
