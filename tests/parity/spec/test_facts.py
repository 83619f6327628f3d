"""docs/behaviour.md: every fact once, in a section, with a text."""

from __future__ import annotations

import re

import pytest

from parity.base import project
from parity.base.problems import UsageError
from parity.spec.facts import Fact, read_facts
from parity.spec.scenario import BEHAVIOURS

PAGE = """\
# Page

No fact.

## Health

### B2

It polls
at once.

Then it waits.

*No evidence:* there is
no clock.

### B3

It stops.

## Other

Text that is no fact.
"""


def read(tmp_path, text):
    path = tmp_path / "page.md"
    path.write_text(text)
    return read_facts(path)


def test_a_fact_has_its_section_its_paragraphs_and_the_reason_for_no_evidence(tmp_path):
    assert read(tmp_path, PAGE) == (
        Fact(
            number="B2",
            section="Health",
            text="It polls at once.\n\nThen it waits.",
            unobserved="there is no clock.",
        ),
        Fact(number="B3", section="Health", text="It stops."),
    )


@pytest.mark.parametrize(
    "text", ["## A\n\n### B1\n\n## C\n", "## A\n\n### B1\n\nIt is.\n\n### B1\n\nIt was.\n"]
)
def test_a_fact_without_a_text_or_twice_is_refused_with_its_number(tmp_path, text):
    with pytest.raises(UsageError, match="expected B1 once and with a text"):
        read(tmp_path, text)


def test_a_page_that_is_not_there_is_refused_with_its_path(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.md"):
        read_facts(tmp_path / "gone.md")


def test_the_page_has_every_fact_once():
    numbers = [fact.number for fact in read_facts(project.BEHAVIOUR)]
    assert sorted(numbers, key=lambda number: int(number[1:])) == [
        f"B{number}" for number in range(1, BEHAVIOURS + 1)
    ]


def test_every_deviation_has_its_own_id_and_names_what_shows_it():
    rows = re.findall(r"^\| (D\d+) \|.*\| (.+) \|$", project.BEHAVIOUR.read_text(), re.MULTILINE)
    ids = [row[0] for row in rows]
    assert len(set(ids)) == len(ids) > 5
    for _, shown_by in rows:
        paths = re.findall(r"`([^`]+)`", shown_by)
        assert paths
        for path in paths:
            root = "monolith-rs" if path.startswith("crates/") else ""
            assert (project.ROOT / root / path).is_file(), path
