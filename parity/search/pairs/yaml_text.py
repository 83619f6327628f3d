"""YAML in the style of the scenarios that are written by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.]+( [A-Za-z0-9_.]+)*")
_WORDS: Final = {"null", "true", "false", "yes", "no", "on", "off"}

Document = dict[str, Any]
"""A scenario, or a part of one."""


def yaml_text(content: Document) -> str:
    """Return YAML with a line for each key, hook, fault, step and expectation."""
    return "".join(f"{line}\n" for line in _lines(content))


def _lines(content: Document) -> Iterator[str]:
    for key, value in content.items():
        if key in {"hooks", "faults", "steps"}:
            yield f"{key}:"
            yield from (f"  - {_item(each)}" for each in value)
        elif key == "expect":
            yield f"{key}:"
            yield from (f"  {each}: {_flow(result)}" for each, result in value.items())
        else:
            yield f"{key}: {value if key == 'about' else _flow(value)}"


def _item(value: object) -> str:
    """Return an item of a block list: a mapping with one plain value has no braces."""
    match value:
        case {"end": {}}:
            return "end"
        case dict() if not any(isinstance(each, dict | list) for each in value.values()):
            return _flow(value)[1:-1] if len(value) == 1 else _flow(value)
        case _:
            return _flow(value)


def _flow(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case str() if _PLAIN.fullmatch(value) and value not in _WORDS and not value.isdigit():
            return value
        case _:
            return json.dumps(value)
