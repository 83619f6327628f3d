"""A bounded field of a model has a type in Rust and a reader that checks the bounds."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field, StringConstraints, WithJsonSchema

from parity.app.rust_readers import RustType
from parity.app.rust_types import RustModule
from parity.base.bounds import Hex, Integer, Name, PsIndex, Times
from parity.base.model import Model
from parity.spec.units import Duration, Size

Colour = Literal["red", "green"]


class Bounded(Model):
    """Something of each kind."""

    index: PsIndex
    times: Times | None
    size: Size
    any: Integer
    time: Annotated[Duration, Field(ge=5)] | None
    name: Name
    bytes: Annotated[Hex, StringConstraints(min_length=2)]
    names: Annotated[tuple[Name, ...], Field(min_length=1, max_length=7)]
    written: Annotated[Times | None, WithJsonSchema({"type": "integer"}, mode="serialization")] = (
        None
    )
    colour: Colour
    switch: bool


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("index", RustType("usize", "Number<0, 9_999>")),
        ("times", RustType("Option<u32>", "Maybe<Number<1, 1_000_000>>")),
        ("size", RustType("i64", "Number<0, 9_223_372_036_854_775_807>")),
        ("any", RustType("i64")),
        ("time", RustType("Option<Duration>", "Maybe<Milliseconds<5, 360_000_000_000>>")),
        ("name", RustType("String", "Text<0, 200>")),
        ("bytes", RustType("Vec<u8>", "Hex<2, 131_072>")),
        ("names", RustType("Vec<String>", "List<1, 7, Text<0, 200>>")),
        ("written", RustType("u32", "Number<1, 1_000_000>")),
        ("colour", RustType("Red")),
        ("switch", RustType("bool")),
    ],
)
def test_a_field_is_read_within_its_bounds(name, expected):
    module = RustModule("", (), {Colour: RustType("Red")}, bounded=True)
    assert module.type_of(Bounded.model_fields[name]) == expected


def test_a_reader_is_an_attribute_of_the_field():
    assert RustType("bool").attributes() == []
    assert RustType("ErrorKind", "ErrorName").attributes() == [
        '#[serde(deserialize_with = "ErrorName::read")]'
    ]
    assert RustType("u32", "Number<1, 2>").optional().attributes() == [
        '#[serde(deserialize_with = "Maybe::<Number<1, 2>>::read")]'
    ]
