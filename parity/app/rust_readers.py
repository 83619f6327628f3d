"""Readers of the driver's bounded values: ``Number<1, 10_000>`` for ``Field(ge=1, le=10_000)``.

A reader is a type of the driver's module ``wire::reading``. It checks as it reads, so the
bounds of the models hold in Rust without being written there a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from parity.base.bounds import HEX_DIGITS, INT64
from parity.spec.units import read_duration

_INDEX: Final = 2**16
"""More than any index or number of things; a ``usize`` has at least 16 bits."""


@dataclass(frozen=True)
class RustType:
    """A type, and the reader of its values; without one serde reads them."""

    name: str
    reader: str = ""

    def optional(self) -> RustType:
        """Return the type that also allows ``null``."""
        return RustType(f"Option<{self.name}>", self.reader and f"Maybe<{self.reader}>")

    def attributes(self) -> list[str]:
        """Return serde's attributes for a field or a variant of this type."""
        if not self.reader:
            return []
        head, bracket, arguments = self.reader.partition("<")
        path = f"{head}::{bracket}{arguments}" if bracket else head
        return [f'#[serde(deserialize_with = "{path}::read")]']


def number(metadata: Iterable[Any]) -> RustType:
    """Return the type of an integer with these bounds; a duration is one of milliseconds."""
    constraints = list(_constraints(metadata))
    least = max(_given(constraints, "ge"), default=-INT64 - 1)
    most = min(_given(constraints, "le"), default=INT64)
    if any(isinstance(each, BeforeValidator) and each.func is read_duration
           for each in constraints):  # fmt: skip
        return RustType("Duration", f"Milliseconds<{least:_}, {most:_}>")
    if (least, most) == (-INT64 - 1, INT64):
        return RustType("i64")
    return RustType(_integer(least, most), f"Number<{least:_}, {most:_}>")


def text(metadata: Iterable[Any]) -> RustType:
    """Return the type of text of this length, or of the bytes that it encodes in hexadecimal."""
    constraints = list(_constraints(metadata))
    shortest, longest = _lengths(constraints)
    if HEX_DIGITS in _given(constraints, "pattern"):
        return RustType("Vec<u8>", f"Hex<{shortest:_}, {longest:_}>")
    return RustType("String", f"Text<{shortest:_}, {longest:_}>")


def items(item: RustType, metadata: Iterable[Any]) -> RustType:
    """Return the type of a list of this length."""
    shortest, longest = _lengths(list(_constraints(metadata)))
    reader = f"List<{shortest:_}, {longest:_}, {item.reader or 'Plain'}>"
    return RustType(f"Vec<{item.name}>", reader)


def _integer(least: int, most: int) -> str:
    """Return a type with these numbers that converts losslessly to the type that the port takes."""
    if least < 0 or most >= 2**32:
        return "i64"
    return "usize" if most < _INDEX else "u32"


def _lengths(constraints: list[Any]) -> tuple[int, int]:
    shortest = max(_given(constraints, "min_length"), default=0)
    return shortest, min(_given(constraints, "max_length"), default=INT64)


def _given(constraints: list[Any], name: str) -> Iterator[Any]:
    """Yield the value of this name from each of the constraints that has one."""
    given = (getattr(each, name, None) for each in constraints)
    return (each for each in given if each is not None)


def _constraints(metadata: Iterable[Any]) -> Iterator[Any]:
    for each in metadata:
        if isinstance(each, FieldInfo):
            yield from _constraints(each.metadata)
        else:
            yield each
