"""Text for a terminal: foreign text is safe there, and numbers have their nouns."""

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


def counted(number: int, noun: str) -> str:
    """Return a number and its noun, as in ``1 step`` and ``2 steps``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str) -> str:
    """Show newlines and tabs as escapes as well."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def shortened(text: str, longest: int = 40) -> str:
    """Show foreign text within a message, on one line and cut off if it is long."""
    return one_line(text if len(text) <= longest else text[: longest - 3] + "...")


def quoted(text: str, longest: int = 40) -> str:
    """Show foreign text within a message as ``shortened`` does, in quotation marks."""
    return (
        repr(text)
        if text.isprintable() and len(text) <= longest
        else f"'{shortened(text, longest)}'"
    )


def check_unicode(text: str) -> None:
    """Refuse text with a lone surrogate, which is half a character and can't be encoded.

    Raises:
        ValueError: It has one; the message shows it.
    """
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            half = printable(text[error.start])
            raise ValueError(f"{half} is half a character; expected Unicode text") from None
