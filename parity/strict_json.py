"""JSON that somebody else wrote, read strictly: what it can't be is refused in plain words.

Python's own reader takes more than JSON is (NaN, lone surrogates), loses what is written
twice, and has errors of several types. Drivers' answers, reports, recordings, traces and
results are all read here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import chain
from typing import Any, Final

DEEPEST: Final = 64
"""Lists and objects within each other; a trace in a report has 8."""
_WIDEST: Final = 19
"""Digits of the largest int64."""

_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(text: str) -> object:
    """Read one JSON value.

    Raises:
      ValueError: with a plain sentence: it isn't JSON, an object has a key twice, a number
        is no int64 and no finite float, a string has half a character, or lists and
        objects are nested too deep.
    """
    try:
        value = _DECODER.decode(text)
        _check_depth(value)
        if not text.isascii() or _ESCAPED_SURROGATE.search(text):
            _check_surrogates(text, value)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, " if "\n" in text.rstrip("\n") else ""
        said = error.msg[:1].lower() + error.msg[1:]
        raise ValueError(f"not JSON: {said} ({where}column {error.colno})") from None
    except RecursionError:
        raise _too_deep() from None
    return value


def _too_deep() -> ValueError:
    return ValueError(f"nested too deep; expected at most {DEEPEST} lists and objects")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEEPEST):
        inner = chain.from_iterable(
            node.values() if isinstance(node, dict) else node
            for node in level
            if isinstance(node, dict | list)
        )
        level = [node for node in inner if isinstance(node, dict | list)]
        if not level:
            return
    raise _too_deep()


def _check_surrogates(text: str, value: object) -> None:
    try:
        text.encode()
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])[1:-1]
        raise ValueError(f"{half} is half a character; expected Unicode text") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"the key {shortened(twice)} comes twice; expected each key once")
    return read


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) <= _WIDEST + 1 else None
    if number is None or not -(2**63) <= number < 2**63:
        raise ValueError(f"the number {shortened(digits)} is too large; expected an int64")
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {shortened(digits)} is too large; expected a finite one")
    return number


def _constant(word: str) -> float:
    raise ValueError(f"{word} isn't JSON; expected a number")


def shortened(text: str, longest: int = 40) -> str:
    """As it is quoted in a message: its first characters, where it is long."""
    return ascii(text if len(text) <= longest else text[: longest - 3] + "...")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
