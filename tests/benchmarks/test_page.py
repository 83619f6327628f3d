"""The page has the figures of the run that was kept."""

from __future__ import annotations

from benchmarks.page import PAGE, last, with_tables


def test_the_tables_are_those_of_the_last_run():
    text = PAGE.read_text()
    assert with_tables(text, last()) == text
    assert len(last().ratios) > 5
