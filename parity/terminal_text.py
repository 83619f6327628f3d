"""Text for a terminal: what would steer it is shown, not sent."""

from __future__ import annotations

import re
from typing import Final

_STEERS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, embeddings, overrides and isolates
    "\u2028\u2029"  # separators of lines and paragraphs
    "\ud800-\udfff]"  # lone surrogates, which can't be encoded
)


def printable(text: str) -> str:
    r"""Show control characters, text direction overrides and lone surrogates as escapes.

    Newlines and tabs stay: ``printable("\x1b[2J")`` is the text ``\x1b[2J`` in six characters.
    """
    return _STEERS.sub(lambda found: ascii(found[0])[1:-1], text)
