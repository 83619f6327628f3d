"""The lines of a scenario's parts, from its text."""

from __future__ import annotations

import pytest

from parity.base import content_cache
from parity.spec import outline
from parity.spec.outline import read_outline

TEXT = """\
about: x
hooks:
  - ps_health
  - call:
      phase: end
      rpc: StopTraining
steps:
  - train: 1
    # What comes next takes two lines.

  - rpc: StopTraining
    expect: OK
# The end.
expect: {reports: 0}
"""


def test_every_part_has_its_line_and_a_step_its_last_one_without_comments():
    found = read_outline(TEXT)
    assert found is not None
    scenario, outlined = found
    assert len(scenario.steps) == 2
    assert outlined.steps == ((8, 8), (11, 12))
    paths = ("hooks[1].call", "hooks[7]", "steps", "default_mem_limit")
    assert [outlined.line_of(path) for path in paths] == [4, 2, 7, 1]


def test_steps_that_end_the_file_end_with_it():
    found = read_outline(
        "about: x\nexpect: {reports: 0}\nsteps:\n  - rpc: StopTraining\n    expect: OK\n"
    )
    assert found is not None
    assert found[1].steps == ((4, 5),)


@pytest.mark.parametrize("text", ["", "steps: [", "about: x", "- 1", "steps: 3", "a: !b c"])
def test_a_text_that_is_no_scenario_has_none(text):
    assert read_outline(text) is None


def test_a_text_is_parsed_once(tmp_path, monkeypatch):
    monkeypatch.setenv(content_cache.ENVIRONMENT, str(tmp_path))
    first = read_outline(TEXT)
    monkeypatch.setattr(outline, "parse_yaml", None)
    assert read_outline(TEXT) == first
