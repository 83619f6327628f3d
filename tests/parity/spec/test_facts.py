"""docs/behaviour.md: every fact once, in a section, with a text."""

from __future__ import annotations

import re

import pytest

from parity.base import project
from parity.base.problems import UsageError
from parity.spec.facts import Clause, Fact, clause_numbers, known_facts, read_facts

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

### B4

- **B4a** It is
  clear.
- **B4b** It is cold - very
  cold. *No
  evidence:* there is no winter.
"""


def read(tmp_path, text):
    path = tmp_path / "page.md"
    path.write_text(text)
    return read_facts(path)


def test_a_fact_has_its_section_and_its_clauses_with_the_reasons_for_no_evidence(tmp_path):
    waits = Clause(
        number="B2", text="It polls at once.\n\nThen it waits.", unobserved="there is no clock."
    )
    cold = Clause(number="B4b", text="It is cold - very cold.", unobserved="there is no winter.")
    assert read(tmp_path, PAGE) == (
        Fact(number="B2", section="Health", clauses=(waits,)),
        Fact(number="B3", section="Health", clauses=(Clause(number="B3", text="It stops."),)),
        Fact(
            number="B4", section="Other", clauses=(Clause(number="B4a", text="It is clear."), cold)
        ),
    )


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("- **B1b** It is.", r"expected - \*\*B1a\*\* and a text, got - \*\*B1b\*\*"),
        ("- **B1a** It is.\n- **B1c** It was.", r"expected - \*\*B1b\*\* and a text"),
        ("- It is.", r"expected - \*\*B1a\*\* and a text, got - It"),
        ("- **B1a**\n- **B1b** It was.", r"expected - \*\*B1a\*\* and a text"),
    ],
)
def test_a_clause_without_the_next_number_or_without_a_text_is_refused(tmp_path, items, said):
    with pytest.raises(UsageError, match=said):
        read(tmp_path, f"## A\n\n### B1\n\n{items}\n")


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
    numbers = [int(number[1:]) for number in known_facts()]
    assert sorted(numbers) == list(range(1, 81))


def test_the_page_has_a_clause_for_what_can_go_wrong_on_its_own():
    assert len(clause_numbers()) > 300
    assert {"B5", "B29a", "B29b"} <= clause_numbers()
    assert "B29" not in clause_numbers()


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
