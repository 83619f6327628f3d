"""What somebody who mistyped a word may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`` (did you mean steps?)``, to stand behind the word; nothing if no word is near it."""
    by_lower = {each.lower(): each for each in known}
    near = get_close_matches(str(word).lower(), by_lower, n=1, cutoff=0.7)
    return f" (did you mean {by_lower[near[0]]}?)" if near else ""
