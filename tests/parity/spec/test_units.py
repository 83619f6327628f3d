"""Times and sizes as they are written in scenarios."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from parity.base.bounds import LONGEST_TIME
from parity.spec.units import format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("30s", 30_000), ("500ms", 500), ("1.5s", 1500), ("2m", 120_000), ("1h", 3_600_000)],
)
def test_durations_are_whole_milliseconds(text, milliseconds):
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "size"), [("9GiB", 9 * 2**30), ("1.5KiB", 1536), ("7B", 7), (0, 0), (-1, -1)]
)
def test_sizes_are_whole_bytes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (30, "30 has no unit; expected 30s or 30ms"),
        ("-5s", "'-5s' is negative; expected 0 or more"),
        ("soon", "'soon' is no duration; expected a number with a unit"),
        ("1.5ms", "'1.5ms' is not a whole number of ms"),
        (True, "True is no duration"),
        (None, "None is no duration"),
    ],
)
def test_what_is_no_duration_is_refused_with_what_would_be_right(value, message):
    with pytest.raises(PydanticCustomError) as caught:
        parse_duration(value)
    assert str(caught.value).startswith(message)


@given(st.integers(0, LONGEST_TIME))
def test_a_duration_written_and_read_is_itself(milliseconds):
    assert parse_duration(format_duration(milliseconds)) == milliseconds
