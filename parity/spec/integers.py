"""Integers by the width that they have in a driver; JSON Schemas say it as ``format``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


@dataclass(frozen=True)
class Width:
    """The ``format`` of an integer in JSON Schemas."""

    format: Literal["uint", "uint16", "uint64"]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the integer's own schema with the format."""
        return {**handler(core_schema), "format": self.format}


Index = Annotated[int, Width("uint")]
"""A position in a list, or a number of things."""
Unsigned = Annotated[int, Width("uint64")]
"""A number that counts up from 0, milliseconds among them."""
Port = Annotated[int, Width("uint16")]
"""A TCP port."""
