"""Plain scalars of YAML by the core schema (YAML 1.2, 10.3.2), limited to JSON's values.

A date is text, and so is ``yes``. Values that JSON can't have are refused: infinities,
NaN, and integers of more than 64 bits.
"""

from __future__ import annotations

import re
from typing import Final

from parity.base.bounds import INT64
from parity.base.terminal_text import quoted

Scalar = str | int | float | bool | None

_NULL: Final = ("", "~", "null", "Null", "NULL")
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MAY_BE_NUMBER: Final = frozenset("+-.0123456789")
_MOST_DIGITS: Final = 40
"""Python reads at most 4,300; an int64 has 19, or 22 in octal."""
_BASES: Final = {"0o": 8, "0x": 16}


def plain_scalar(text: str) -> Scalar:
    """Return the value of this text when it is written without quotation marks.

    Raises:
        ValueError: It is a number that JSON can't have; the message says why.
    """
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number(text) if text[0] in _MAY_BE_NUMBER else text


def _number(text: str) -> int | float | str:
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"found {text}; expected a finite number")
    if _INTEGER.fullmatch(text):
        number = int(text, _BASES.get(text[:2], 10)) if len(text) <= _MOST_DIGITS else None
        if number is None or not -INT64 - 1 <= number <= INT64:
            raise ValueError(f"the number {quoted(text)} is too large; expected an int64")
        return number
    if _FLOAT.fullmatch(text):
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise ValueError(f"the number {quoted(text)} is too large; expected a finite one")
        return value
    return text
