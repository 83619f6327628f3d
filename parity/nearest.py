"""What somebody who mistyped a word may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LONGEST: Final = 100
"""Longer ones aren't mistyped words, and looking for near ones would take long."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`` (did you mean steps?)``, to stand behind the word; nothing if no word is near it."""
    by_lower = {each.lower(): each for each in known}
    text = str(word).lower()
    near = get_close_matches(text, by_lower, n=1, cutoff=0.7) if len(text) <= _LONGEST else []
    return f" (did you mean {by_lower[near[0]]}?)" if near else ""
