"""Durations and sizes as people write them: ``30s``, ``9GiB``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializationInfo,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from parity.base.bounds import INT64, LONGEST_TIME, MOST_ALLOCATED
from parity.base.terminal_text import quoted, shortened

_MILLISECONDS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_BYTES: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_QUANTITY: Final = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?\s*([A-Za-z]+)")
_LONGEST: Final = 40
"""Most characters of a quantity: more than any allowed value has."""


def _whole(text: str, units: dict[str, int], what: str, example: str) -> int:
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None or match[4] not in units:
        raise PydanticCustomError(
            "unit",
            "{text} is no {what}; expected a number with a unit ({units}) such as {example}",
            {"text": quoted(text), "what": what, "units": ", ".join(units), "example": example},
        )
    if match[1]:
        raise PydanticCustomError(
            "negative", "{text} is negative; expected 0 or more", {"text": quoted(text)}
        )
    scale, decimals = units[match[4]], match[3] or ""
    value, rest = divmod(int(match[2] + decimals) * scale, 10 ** len(decimals))
    if rest:
        smallest = next(iter(units))
        raise PydanticCustomError(
            "fraction",
            "{text} is not a whole number of {smallest}; expected one that is",
            {"text": quoted(text), "smallest": smallest},
        )
    return value


def parse_duration(value: object) -> int:
    """Return the whole milliseconds of ``30s``, ``500ms``, ``2m`` or ``1h``, at most 100,000 h."""
    if not isinstance(value, str):
        number = isinstance(value, int) and not isinstance(value, bool)
        raise PydanticCustomError(
            "unit",
            "{value} has no unit; expected {value}s or {value}ms"
            if number
            else "{value} is no duration; expected one such as 30s",
            {"value": shortened(str(value))},
        )
    milliseconds = _whole(value, _MILLISECONDS, "duration", "30s")
    if milliseconds > LONGEST_TIME:
        raise PydanticCustomError(
            "too_long_time",
            "expected a duration of at most {most}, got {text}",
            {"most": format_duration(LONGEST_TIME), "text": value},
        )
    return milliseconds


def parse_size(value: object) -> object:
    """Return the whole bytes of ``9GiB``; a number is already in bytes."""
    if not isinstance(value, str):
        return value
    size = _whole(value, _BYTES, "size", "9GiB")
    if size > INT64:
        raise PydanticCustomError(
            "too_large_size",
            "expected a size of at most {most} bytes, got {text}",
            {"most": INT64, "text": value},
        )
    return size


def format_duration(milliseconds: int) -> str:
    """Return the shortest form: ``parse_duration(format_duration(n)) == n``."""
    unit = next(u for u in ("h", "m", "s", "ms") if milliseconds % _MILLISECONDS[u] == 0)
    return f"{milliseconds // _MILLISECONDS[unit]}{unit}" if milliseconds else "0s"


def _for_people(value: int, info: SerializationInfo) -> int | str:
    return format_duration(value) if info.context == "yaml" else value


def read_duration(value: object, info: ValidationInfo) -> object:
    """Return the milliseconds of YAML's text with a unit, or those of canonical JSON."""
    return value if info.context == "canonical" else parse_duration(value)


def _up_to(most: int) -> str:
    """Return a regular expression of the decimal numbers from 0 to ``most``."""
    digits = str(most)
    below = ["0", f"[1-9][0-9]{{0,{len(digits) - 2}}}"]
    for i, digit in enumerate(digits):
        least, largest = 0 if i else 1, int(digit) - 1
        if largest >= least:
            below.append(f"{digits[:i]}[{least}-{largest}][0-9]{{{len(digits) - i - 1}}}")
    return rf"(({'|'.join(below)})(\.[0-9]+)?|{most}(\.0+)?)"


_DURATION: Final = "|".join(
    rf"{_up_to(LONGEST_TIME // scale)}\s*{unit}" for unit, scale in _MILLISECONDS.items()
)
_SIZE: Final = "|".join(
    rf"(0|[1-9][0-9]{{0,{len(str(INT64 // scale)) - 1}}})(\.[0-9]+)?\s*{unit}"
    for unit, scale in _BYTES.items()
)


@dataclass(frozen=True, eq=False)
class _InYaml:
    """Gives a quantity its JSON Schema in YAML; in canonical JSON it is a whole number."""

    schema: JsonSchemaValue

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the one given, or that of the integer with its bounds."""
        if handler.mode == "validation":
            return dict(self.schema)
        number: Any = core_schema
        while "schema" in number:
            number = number["schema"]
        return handler(number)


Duration = Annotated[
    int,
    Field(ge=0, le=LONGEST_TIME),
    BeforeValidator(read_duration),
    PlainSerializer(_for_people),
    _InYaml(
        {
            "type": "string",
            "pattern": rf"^({_DURATION})$",
            "maxLength": _LONGEST,
            "examples": ["30s", "500ms", "2m"],
        }
    ),
]
"""Virtual time, at most 100,000 hours: an int of milliseconds, a number with a unit in YAML."""


def _size(least: int, most: int) -> _InYaml:
    """Return the schema of a size, whose text is bounded by digits to keep the pattern short."""
    return _InYaml(
        {
            "anyOf": [
                {"type": "integer", "minimum": least, "maximum": most},
                {"type": "string", "pattern": rf"^({_SIZE})$", "maxLength": _LONGEST},
            ],
            "examples": ["9GiB", "600MiB", 4096],
        }
    )


Size = Annotated[int, Field(ge=0, le=INT64), BeforeValidator(parse_size), _size(0, INT64)]
"""An int of bytes; a number, or a number with a binary unit, in YAML."""

Allocated = Annotated[
    int, Field(ge=1, le=MOST_ALLOCATED), BeforeValidator(parse_size), _size(1, MOST_ALLOCATED)
]
"""Bytes that a real process allocates."""

MemLimit = Annotated[
    int, Field(ge=-INT64 - 1, le=INT64), BeforeValidator(parse_size), _size(-INT64 - 1, INT64)
]
"""A memory limit in bytes; any int64, even one that no machine can meet."""
