"""What an operator reads of a run that says more than the original does."""

from __future__ import annotations

import pytest

from monolith_hooks.controller_words import document, sentence
from monolith_hooks.run_status import Blocked, Details, SaveSeen, Since, Status, WatchSeen

RUNNING = Blocked(placed=False, blocked=(), free=(1, 2))
STOPPED = Blocked(placed=True, blocked=(1, 2), free=())


def test_a_run_that_says_no_more_is_said_as_before():
    assert sentence(Status(7, RUNNING)) == "step 7, running; workers held: none; free: 1, 2"
    assert "holds" not in document(Status(7, RUNNING))


def test_since_when_and_by_whom_comes_first():
    details = Details(
        (Since("operator", 321), Since("save", 4)), SaveSeen(1200, 190, ""), WatchSeen(12, 0, 0, ())
    )
    assert sentence(Status(1203, STOPPED, details)) == (
        "step 1203, stopped for 5 min by operator, save; workers held: 1, 2; free: none; "
        "last save: step 1200, 3 min ago; health: last good poll 12 s ago, 0 alarms"
    )


def test_an_alarm_names_the_ps_and_a_failed_save_its_error():
    details = Details(
        (Since("ps_health", 2),), SaveSeen(9, 7200, "InternalError"), WatchSeen(None, 3, 1, (3, 5))
    )
    said = sentence(Status(9, STOPPED, details))
    assert "stopped for 2 s by ps_health (PS 3, 5); " in said
    assert "last save: step 9 failed with InternalError, 2 h ago; " in said
    assert said.endswith("health: no good poll yet, 1 alarm, unhealthy: 3, 5")


def test_what_there_is_none_of_is_said_or_left_out():
    said = sentence(Status(0, STOPPED, Details((Since("", 90_000),), None, None)))
    assert said == (
        "step 0, stopped for 1 d by somebody without a name; workers held: 1, 2; free: none; "
        "no save yet"
    )


@pytest.mark.parametrize("details", [None, Details((), None, None)])
def test_the_keys_of_json_are_those_of_the_status(details):
    keys = {"global_step", "state", "placed", "blocked", "free"}
    more = set() if details is None else {"holds", "last_save", "watch"}
    assert set(document(Status(1, RUNNING, details))) == keys | more
