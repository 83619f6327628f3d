"""Where in a scenario's file something stands that a verdict names."""

from __future__ import annotations

import pytest

from parity.verdict.places import line_of

TEXT = """\
about: a sample
steps:
  - train: 1
  - rpc: StopTraining
    expect: OK
  - concurrently:
      - rpc: StopTraining
expect:
  reports: 1
  blocked:
    - 0
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("expect.reports", 9),
        ("expect.blocked", 10),
        ("expect.raised", 8),
        ("steps[1].expect", 5),
        ("steps[2].concurrently[0].rpc", 7),
        ("steps[0].train.within", 3),
        ("hooks[0].call", None),
    ],
)
def test_a_path_has_the_line_of_what_is_written_of_it(path, line):
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize("text", ["", "- a", "a: [", "text"])
def test_a_text_that_is_no_scenario_has_no_lines(text):
    assert line_of(text, "expect.reports") is None
