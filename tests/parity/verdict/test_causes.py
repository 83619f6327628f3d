"""Records that need a look are grouped by what is wrong, the same in each of a group."""

from __future__ import annotations

import pytest

from parity.verdict.causes import causes_of, what_is_wrong
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, judged, stop, trace

LOG = {"kind": "log", "lane": "main", "ms": 0, "level": "ERROR", "message": "broken"}
LATER = {**REPORT, "ms": 30_000}


@pytest.mark.parametrize(
    ("reference", "peer", "what"),
    [
        ((REPORT,), (REPORT, REPORT), "one more report on ps_health"),
        ((), (REPORT,), "one more report on ps_health"),
        ((STEP,), (REPORT, STEP), "one more report on ps_health"),
        ((REPORT, REPORT), (REPORT,), "a report is missing on ps_health"),
        ((REPORT, LATER), (LATER,), "a report is missing on ps_health"),
        ((REPORT,), (LATER,), "another ms of report on ps_health"),
        ((stop("OK"),), (stop("ALREADY_EXISTS"),), "another code and details and response of rpc"),
        ((REPORT, PLACED), (PLACED, REPORT), "report and barrier in opposite order"),
    ],
)
def test_what_is_wrong_is_said_in_a_few_words(reference, peer, what):
    assert what_is_wrong(judged(trace(*reference), trace(*peer))).startswith(what)


def test_lanes_and_places_of_one_sort_are_one_cause():
    one, ten = (
        judged(trace(), trace({**STEP, "lane": f"worker-{i}", "worker": i})) for i in (1, 10)
    )
    assert what_is_wrong(one) == what_is_wrong(ten) == "one more step on worker-N"


def test_a_broken_expectation_is_the_cause_where_nothing_differs():
    record = judged(trace(SESSION), steps=[{"advance": "1s"}], expect={"reports": 3})
    assert what_is_wrong(record) == "python broke expect.reports"


def test_scenarios_of_one_cause_are_one_group_the_smallest_first():
    records = [
        judged(trace(SESSION, STEP), trace(SESSION, STEP, REPORT), "large"),
        judged(trace(), trace(REPORT), "small"),
        judged(trace(STEP), trace(), "other"),
        judged(trace(SESSION), trace(SESSION), "fine", expect={"blocked": []}),
    ]
    first, second = causes_of(records)
    assert [record.scenario for record in first.records] == ["small", "large"]
    assert str(first) == "2 differ: one more report on ps_health; smallest: small"
    assert str(second) == "1 differ: a step is missing on main; smallest: other"


def one_more(event, name, expect=None):
    """A record whose peer has this event once more, and breaks what is expected of reports."""
    return judged(trace(event), trace(event, event), name, expect=expect or {"reports": 9})


def test_one_change_that_breaks_one_expectation_is_one_cause_also_in_events_of_another_kind():
    named = {**LOG, "lane": "ps_health"}
    records = [one_more(REPORT, "b"), one_more(named, "a"), one_more(REPORT, "c")]
    assert [str(cause) for cause in causes_of(records)] == [
        "3 differ: one more report on ps_health; smallest: b"
    ]


def test_the_same_change_elsewhere_or_of_another_expectation_is_another_cause():
    named = {**LOG, "lane": "ps_health"}
    records = [
        one_more(REPORT, "report"),
        one_more({**LOG, "lane": "main"}, "elsewhere"),
        one_more(named, "otherwise", {"blocked": [1]}),
        judged(trace(named), trace(), "missing", expect={"reports": 3}),
    ]
    assert len(causes_of(records)) == 4


def test_what_else_changes_on_a_lane_is_no_one_cause_though_it_breaks_the_same_expectation():
    expect = {"reports": 9}
    records = [
        judged(trace(STEP), trace({**STEP, "global_step": 7}), "step", expect=expect),
        judged(trace(SESSION), trace({**SESSION, "ms": 7}), "session", expect=expect),
    ]
    assert len(causes_of(records)) == 2


def test_the_side_that_breaks_the_expectation_is_part_of_the_cause():
    named = {**LOG, "lane": "ps_health"}
    records = [
        judged(trace(REPORT), trace(REPORT, REPORT), "peer", expect={"reports": 1}),
        judged(trace(REPORT, named), trace(REPORT, named, named), "both", expect={"reports": 2}),
    ]
    assert [record.broken[0].player for record in records] == ["rust", "python"]
    assert len(causes_of(records)) == 2


def test_of_two_words_that_as_many_records_have_the_order_decides_nothing():
    records = [one_more(REPORT, "a"), one_more({**LOG, "lane": "ps_health"}, "b")]
    assert causes_of(records) == causes_of(records[::-1])


def test_where_all_is_well_there_is_no_cause():
    assert causes_of([judged(trace(SESSION), expect={"blocked": []})]) == ()
