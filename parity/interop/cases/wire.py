"""Protobuf's wire format, as little of it as the expected bytes need.

It is written by hand, so that both languages are compared with bytes that neither wrote.
"""

from __future__ import annotations

from collections.abc import Sequence


def varint(number: int) -> bytes:
    """Encode a number of up to 64 bits; a negative one as its two's complement."""
    left, groups = number & (2**64 - 1), []
    while left > 0x7F:
        groups.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*groups, left])


def number(field: int, value: int) -> bytes:
    """Encode a field that holds a number."""
    return varint(field << 3) + varint(value)


def text(field: int, value: str) -> bytes:
    """Encode a field that holds a string."""
    return _sized(field, value.encode())


def packed(field: int, values: Sequence[int]) -> bytes:
    """Encode a repeated field of numbers, as no bytes if there are none."""
    return _sized(field, b"".join(map(varint, values))) if values else b""


def _sized(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content
