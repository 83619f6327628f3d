"""What pydantic finds wrong with a value, in the words of whoever wrote the value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from parity.base.problems import did_you_mean
from parity.base.terminal_text import quoted

_EXPECTED: Final = {
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_type": "text",
    "int_type": "an integer",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "literal_error": "{expected}",
    "none_required": "null",
}
"""The expected value, by the type of pydantic's error; other errors keep pydantic's words."""


def said(error: Mapping[str, Any], page: str) -> str:
    """Return what one of ``ValidationError.errors()`` says; ``page`` describes the format."""
    kind, message, value = error["type"], error["msg"], error["input"]
    message = message.removeprefix("Value error, ")
    if kind.startswith("union_tag"):
        return _said_of_kind(error, page)
    if "expected" in message:
        return message
    if kind == "missing":
        return f"this key is missing; see {page} for what is expected"
    if kind in _EXPECTED:
        right = _EXPECTED[kind].format(**error.get("ctx", {}))
    else:
        right = message[0].lower() + message[1:]
        right = right.removeprefix("input should be ").removeprefix("input should ")
    hint = ""
    if kind == "literal_error":
        hint = did_you_mean(value, re.findall("'([^']+)'", error["ctx"]["expected"]))
    return f"expected {right}, got {shown(value)}{hint}"


def _said_of_kind(error: Mapping[str, Any], page: str) -> str:
    """Return what is wrong with the key that says which of several models a value is."""
    value, context = error["input"], error["ctx"]
    if error["type"] == "union_tag_invalid":
        tags = re.findall("'([^']+)'", context["expected_tags"])
        found = str(context["tag"])
        return f"there is none of the kind {quoted(found)}{did_you_mean(found, tags)}"
    if not isinstance(value, dict):
        return f"expected a mapping, got {shown(value)}"
    key = context["discriminator"].strip("'")
    return f"the key {key} is missing, which says what this is; see {page}"


def shown(value: object) -> str:
    """Return a value as JSON if it is short, else its kind and size."""
    if isinstance(value, str) and len(value) > 60:
        return f"text of {len(value)} characters"
    if isinstance(value, dict | tuple | list):
        of = "a mapping" if isinstance(value, dict) else "a list"
        return f"{of} of {len(value)}"
    return json.dumps(value, default=str, ensure_ascii=False)
