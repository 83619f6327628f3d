"""Times and sizes as people write them: ``30s``, ``9GiB``."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, PlainSerializer, SerializationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

_MILLISECONDS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_BYTES: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_QUANTITY: Final = re.compile(r"(-?)(\d+)(?:\.(\d+))?\s*([A-Za-z]+)")


def _whole(text: str, units: dict[str, int], what: str, example: str) -> int:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[4] not in units:
        raise PydanticCustomError(
            "unit",
            "{text} is no {what}; a number with a unit ({units}) such as {example} would be right",
            {"text": repr(text), "what": what, "units": ", ".join(units), "example": example},
        )
    if match[1]:
        raise PydanticCustomError(
            "negative", "{text} is negative; 0 or more would be right", {"text": repr(text)}
        )
    scale, decimals = units[match[4]], match[3] or ""
    value, rest = divmod(int(match[2] + decimals) * scale, 10 ** len(decimals))
    if rest:
        smallest = next(iter(units))
        raise PydanticCustomError(
            "fraction",
            "{text} is not a whole number of {smallest}; one that is would be right",
            {"text": repr(text), "smallest": smallest},
        )
    return value


def parse_duration(value: object) -> int:
    """Whole milliseconds of ``30s``, ``500ms``, ``2m`` or ``1h``."""
    if isinstance(value, str):
        return _whole(value, _MILLISECONDS, "duration", "30s")
    number = isinstance(value, int) and not isinstance(value, bool)
    raise PydanticCustomError(
        "unit",
        "{value} has no unit; {value}s or {value}ms would be right"
        if number
        else "{value} is no duration; 30s would be right",
        {"value": repr(value)},
    )


def parse_size(value: object) -> object:
    """Whole bytes of ``9GiB``; a number is bytes already."""
    return _whole(value, _BYTES, "size", "9GiB") if isinstance(value, str) else value


def format_duration(milliseconds: int) -> str:
    """The shortest way to write it: ``parse_duration(format_duration(n)) == n``."""
    unit = next(u for u in ("h", "m", "s", "ms") if milliseconds % _MILLISECONDS[u] == 0)
    return f"{milliseconds // _MILLISECONDS[unit]}{unit}" if milliseconds else "0s"


def _for_people(value: int, info: SerializationInfo) -> int | str:
    return format_duration(value) if info.context == "yaml" else value


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(_for_people),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h)$",
            "examples": ["30s", "500ms", "2m"],
        }
    ),
]
"""Virtual time: milliseconds inside, a number with a unit in YAML."""

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer"},
                {"type": "string", "pattern": r"^\d+(\.\d+)?\s*([KMGT]i)?B$"},
            ],
            "examples": ["9GiB", "600MiB", 4096],
        }
    ),
]
"""Bytes inside; a number, or a number with a binary unit, in YAML."""

MemLimit = Annotated[Size, Field(ge=-(2**63), lt=2**63)]
"""A memory limit, bytes; any int64, also one that no machine can keep."""
