"""Edits of the list of known differences, which people and comments share."""

from __future__ import annotations

from datetime import date

import pytest

from parity.app.baseline_file import KnownEdit, edit_known
from parity.base.problems import UsageError
from parity.verdict.known import KnownDifference, KnownDifferences

LISTED = """\
# What the port doesn't do yet.
differences:
  # see issue 7
  - scenario: health/oom
    channel: reports
    reason: >
      the port has
      no reports yet
    since: 2026-11-24
    difference: aaaaaaaaaaaa  # the first one

  # see issue 8
  - scenario: health/basic
    channel: "rpc"
    reason: 'the port answers in German'
    since: "2026-11-23"
    difference: bbbbbbbbbbbb
# the end
"""
OOM = KnownDifference(
    scenario="health/oom",
    channel="reports",
    reason="the port has no reports yet\n",
    since=date(2026, 11, 24),
    difference="aaaaaaaaaaaa",
)
NEW = OOM.model_copy(update={"scenario": "barrier/new", "reason": "a: 'reason' # of its own"})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "known_differences.yaml"
    path.write_text(LISTED)
    return path


def test_an_entry_that_is_added_comes_last_and_all_else_stays(path):
    edit_known(path, KnownEdit(added=[NEW]))
    assert path.read_text() == LISTED + (
        "  - scenario: barrier/new\n"
        "    channel: reports\n"
        "    reason: \"a: 'reason' # of its own\"\n"
        "    since: 2026-11-24\n"
        "    difference: aaaaaaaaaaaa\n"
    )


def test_an_entry_that_is_removed_goes_with_the_comment_right_above_it(path):
    edit_known(path, KnownEdit(removed={OOM.key}))
    kept = LISTED[LISTED.index("\n  # see issue 8") :]
    assert path.read_text() == "# What the port doesn't do yet.\ndifferences:\n" + kept


def test_only_the_lines_that_change_are_rewritten(path):
    changed = OOM.model_copy(update={"difference": "123456789012", "since": date(2026, 12, 1)})
    edit_known(path, KnownEdit(changed={OOM.key: changed}))
    assert path.read_text() == LISTED.replace("aaaaaaaaaaaa", "'123456789012'").replace(
        "since: 2026-11-24", "since: 2026-12-01"
    )


def test_a_reason_over_several_lines_is_replaced_as_a_whole(path):
    edit_known(
        path, KnownEdit(changed={OOM.key: OOM.model_copy(update={"reason": "it is better"})})
    )
    assert "    reason: it is better\n    since: 2026-11-24\n" in path.read_text()


def test_a_list_that_was_emptied_can_be_added_to_again(path):
    keys = {entry.known.key for entry in KnownDifferences.load(path).entries}
    edit_known(path, KnownEdit(removed=keys))
    assert path.read_text() == "# What the port doesn't do yet.\ndifferences: []\n\n# the end\n"
    edit_known(path, KnownEdit(added=[NEW]))
    assert [entry.known for entry in KnownDifferences.load(path).entries] == [NEW]


def test_without_a_file_one_is_made(tmp_path):
    path = tmp_path / "known_differences.yaml"
    edit_known(path, KnownEdit(added=[NEW]))
    assert [entry.known for entry in KnownDifferences.load(path).entries] == [NEW]


def test_what_cannot_be_edited_is_left_as_it_was(path):
    flow = (
        "differences: [{scenario: health/oom, channel: reports, reason: no reports at all,\n"
        " since: 2026-11-24, difference: aaaaaaaaaaaa}]\n"
    )
    path.write_text(flow)
    with pytest.raises(UsageError, match="can't be edited as it is laid out"):
        edit_known(path, KnownEdit(added=[NEW]))
    assert path.read_text() == flow
    assert list(path.parent.iterdir()) == [path]


def test_a_separator_in_a_reason_ends_no_line(path):
    separated = LISTED.replace("'the port answers in German'", '"it answers\u2028in German"')
    path.write_text(separated, encoding="utf-8")
    edit_known(path, KnownEdit(added=[NEW]))
    assert path.read_text(encoding="utf-8").startswith(separated)
    edit_known(path, KnownEdit(removed={("health/oom", "reports")}))
    first, last = KnownDifferences.load(path).entries
    assert (first.known.reason, last.known) == ("it answers\u2028in German", NEW)
