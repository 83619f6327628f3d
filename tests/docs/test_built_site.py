"""The check of the built site notices what a builder has lost."""

from __future__ import annotations

import pytest

from tests.docs.built_site import lacking

PAGE = "# A page\n\n```python\none = 1\n```\n\n- in a list:\n\n    ```console\n    $ run\n    ```\n"
BUILT = (
    "<p>A page</p><pre><code><span>one</span> = 1\n</code></pre>"
    "<li><pre><code>$ run\n</code></pre></li>"
)


@pytest.fixture
def wrong(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    def of(built):
        (tmp_path / "page.html").write_text(built)
        return [line.partition(": ")[2] for line in lacking(page, tmp_path / "page.html")]

    return of


def test_a_page_that_shows_its_code_is_right(wrong):
    assert wrong(BUILT) == []


def test_code_that_is_lost_or_another_is_named_by_its_first_line(wrong):
    assert wrong(BUILT.replace("= 1", "= 2")) == ["lacks a block of page.md: one = 1"]
    assert wrong("<p>A page</p>") == [
        "lacks a block of page.md: one = 1",
        "lacks a block of page.md:     $ run".replace("    $", "$"),
    ]


@pytest.mark.parametrize("mark", ["--8<-- 'code.py'", "```python"])
def test_a_mark_of_a_builder_in_the_text_is_wrong_and_in_code_it_is_not(wrong, mark):
    mark = mark.replace("<", "&lt;")
    assert len(wrong(f"{BUILT}<p>{mark}</p>")) == 1
    assert wrong(f"{BUILT}<code>{mark}</code>") == []
