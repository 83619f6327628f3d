"""How a planted bug can be looked for."""

from __future__ import annotations

from typing import Literal, get_args

from parity.nearest import did_you_mean
from parity.problems import UsageError

Way = Literal["catalogue", "fuzz", "explore"]
"""The scenarios of the catalogue, made-up ones, or all orders of a few."""


def parse_ways(text: str) -> tuple[Way, ...]:
    """From ``fuzz,explore`` to these, in the order in which tables have them.

    Raises:
      UsageError: one is no way to look.
    """
    known: tuple[Way, ...] = get_args(Way)
    asked = text.split(",")
    for word in asked:
        if word not in known:
            raise UsageError(
                f"--by {text}: {word!r} is no way to look{did_you_mean(word, known)}; "
                f"some of {','.join(known)} would be right"
            )
    return tuple(way for way in known if way in asked)
