import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.base.terminal_text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with é, 漢 and 😀", "plain, with é, 漢 and 😀"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("over\rwritten\x08\x7f", "over\\rwritten\\x08\\x7f"),
        ("\x9b31m\x85", "\\x9b31m\\x85"),
        ("\u202egnol\u2066", "\\u202egnol\\u2066"),
        ("one\u2028two", "one\\u2028two"),
        ("half \ud800", "half \\ud800"),
        ("\x00", "\\x00"),
    ],
)
def test_controls_are_shown_not_sent(text, shown):
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_nothing_printed_steers_a_terminal(text):
    shown = printable(text)
    shown.encode()
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    assert printable(shown) == shown
