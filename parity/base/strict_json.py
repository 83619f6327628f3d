"""Strict reading of JSON from outside this process.

Python's own reader accepts more than JSON allows (NaN, lone surrogates), drops duplicate
keys, and has errors of several types. Drivers' answers, reports, recordings, traces and
results are all read here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any, Final

from parity.base.bounds import DEEPEST, INT64, LARGEST_JSON, MOST_VALUES
from parity.base.files import read_text
from parity.base.terminal_text import check_unicode, quoted

_WIDEST: Final = 19
"""Digits of the largest int64."""

_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(text: str) -> object:
    """Read one JSON value.

    Raises:
        ValueError: It isn't JSON, an object has a key twice, a number is neither an int64
            nor a finite float, a string has half a character, lists and objects are nested
            too deep, or there are too many of them; the message says which.
    """
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        raise ValueError(f"too many values; expected at most {MOST_VALUES}")
    try:
        value = _DECODER.decode(text)
        _check_depth(value)
        check_unicode(text)
        if _ESCAPED_SURROGATE.search(text):
            check_unicode(json.dumps(value, ensure_ascii=False))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, " if "\n" in text.rstrip("\n") else ""
        said = error.msg[:1].lower() + error.msg[1:]
        raise ValueError(f"not JSON: {said} ({where}column {error.colno})") from None
    except RecursionError:
        raise _too_deep() from None
    return value


def read_json(path: Path) -> object:
    """Read a file that holds one JSON value.

    Raises:
        ValueError: The file can't be read, or ``parse_json`` raises.
    """
    return parse_json(read_text(path, LARGEST_JSON))


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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"the key {quoted(twice)} comes twice; expected each key once")
    return read


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) <= _WIDEST + 1 else None
    if number is None or not -INT64 - 1 <= number <= INT64:
        raise ValueError(f"the number {quoted(digits)} is too large; expected an int64")
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {quoted(digits)} is too large; expected a finite one")
    return number


def _constant(word: str) -> float:
    raise ValueError(f"{word} isn't JSON; expected a number")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
