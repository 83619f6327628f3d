"""Integers by the width that they have in a driver; JSON Schemas say it as ``format``."""

from __future__ import annotations

from typing import Annotated

from pydantic import WithJsonSchema


def _of_width(name: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "format": name})


Index = Annotated[int, _of_width("uint")]
"""A position in a list, or a number of things."""
Unsigned = Annotated[int, _of_width("uint64")]
"""A number that counts up from 0, milliseconds among them."""
Port = Annotated[int, _of_width("uint16")]
"""A TCP port."""
