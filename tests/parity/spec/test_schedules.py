"""Names of schedules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.base.problems import UsageError
from parity.spec.schedules import parse_schedule, schedule_name


@pytest.mark.parametrize(
    ("schedule", "name"),
    [((), "s:0"), ((0, 0), "s:0"), ((0, 2, 1), "s:0.2.1"), ((1, 0, 0), "s:1")],
)
def test_a_name_has_no_trailing_zeros(schedule, name):
    assert schedule_name(schedule) == name


@given(st.lists(st.integers(0, 20)))
def test_a_name_leads_back_to_the_same_choices(schedule):
    read = list(parse_schedule(schedule_name(schedule)))
    assert read + [0] * (len(schedule) - len(read)) == (schedule or [0])


@pytest.mark.parametrize("name", ["", "s:", "0.1", "s:1.", "s:-1", "s:01", "s:a"])
def test_what_names_no_schedule_is_refused(name):
    with pytest.raises(UsageError, match=r"as in s:0\.2\.1"):
        parse_schedule(name)
