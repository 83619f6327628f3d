"""Protobuf's wire format, as little of it as the expected bytes need.

By hand, so that what both languages write is held to something that neither wrote.
"""

from __future__ import annotations

from collections.abc import Sequence


def varint(number: int) -> bytes:
    """A number of up to 64 bits; a negative one is its two's complement."""
    left, groups = number & (2**64 - 1), []
    while left > 0x7F:
        groups.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*groups, left])


def number(field: int, value: int) -> bytes:
    """A field that holds a number."""
    return varint(field << 3) + varint(value)


def text(field: int, value: str) -> bytes:
    """A field that holds a string."""
    return _sized(field, value.encode())


def packed(field: int, values: Sequence[int]) -> bytes:
    """A repeated field of numbers; nothing if there are none."""
    return _sized(field, b"".join(map(varint, values))) if values else b""


def _sized(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content
