"""The ways to look for a bug, as somebody names them."""

from __future__ import annotations

import pytest

from parity.base.problems import UsageError
from parity.mutation.planted.planted import parse_ways


def test_they_come_in_the_order_of_the_table():
    assert parse_ways("explore,catalogue") == ("catalogue", "explore")


def test_a_word_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(UsageError, match=r"'fuzzz' is unknown \(did you mean fuzz\?\)"):
        parse_ways("catalogue,fuzzz")
