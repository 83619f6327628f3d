"""The story of a scenario, laid out."""

from __future__ import annotations

import pytest

from parity.players.outcome import Failed, Maker
from parity.report.page.story import make_story, short_name
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, judged, stop, trace

RSS = {"fault": {"rss": {"ps": 1, "bytes": "9GiB"}}}
CLUSTER = {"ps": 2, "workers": 3}


def rows(story):
    return [(row.ms, row.reference, row.peer, row.fault) for row in story.rows]


def test_a_peer_that_agrees_is_told_once():
    story = make_story(judged(trace(SESSION, STEP)))
    assert story.peer == "same"
    assert rows(story) == [(0, 0, 0, None), (0, 1, 1, None)]
    assert story.marks == ()


def test_the_first_difference_of_each_channel_is_marked_where_it_is():
    ours = trace(SESSION, REPORT, PLACED, STEP)
    theirs = trace(SESSION, REPORT, REPORT, {**PLACED, "lane": "main"}, STEP)
    story = make_story(judged(ours, theirs))
    marked = {
        story.record["differences"][mark.difference]["channel"]: rows(story)[mark.row]
        for mark in story.marks
    }
    assert marked == {"reports": (0, None, 2, None), "barrier": (0, 2, None, None)}


def test_where_the_order_differs_what_moved_stands_apart_and_is_marked():
    ours, theirs = trace(SESSION, REPORT, PLACED, STEP), trace(SESSION, PLACED, REPORT, STEP)
    story = make_story(judged(ours, theirs))
    assert rows(story) == [
        (0, 0, 0, None),
        (0, None, 1, None),
        (0, 1, 2, None),
        (0, 2, None, None),
        (0, 3, 3, None),
    ]
    (mark,) = story.marks
    assert mark.row == 1


def test_every_lane_is_there_in_the_order_of_the_cluster():
    played = trace(SESSION, stop(lane="concurrently-0"), PLACED, {**STEP, "lane": "something-new"})
    story = make_story(judged(played, cluster=CLUSTER))
    assert story.lanes == (
        "main", "worker-1", "worker-2", "ps_health", "controller",
        "concurrently-0", "something-new", "PS 0", "PS 1",
    )  # fmt: skip


def test_of_many_machines_only_those_that_something_happens_to_have_a_lane():
    story = make_story(judged(trace(SESSION), cluster={"ps": 50, "workers": 50}, steps=[RSS]))
    assert story.lanes == ("main", "ps_health", "controller", "PS 1")


def test_a_fault_has_a_row_where_it_came_and_lasts_until_the_next_of_its_kind_or_recovery():
    steps = [{"train": 1}, RSS, {"advance": "1s"}, {"fault": {"recover": {"ps": 1}}}]
    played = trace(SESSION, STEP, {**PLACED, "ms": 1000}, struck={"steps[1].fault": True})
    story = make_story(judged(played, cluster=CLUSTER, steps=steps))
    assert rows(story) == [
        (0, 0, 0, None),
        (0, 1, 1, None),
        (0, None, None, 0),
        (1000, 2, 2, None),
        (1000, None, None, 1),
    ]
    fault = story.faults[0]
    assert (fault.lane, fault.kind, fault.text) == ("PS 1", "rss", "9 GiB")
    assert (fault.struck_reference, fault.struck_peer) == (True, True)
    span = next(each for each in story.spans_reference if each.kind == "fault")
    assert (span.lane, span.label, span.begin, span.end) == ("PS 1", "rss 9 GiB", 2, 4)


def test_spans_of_the_barrier_are_each_sides_own():
    free = {**PLACED, "ms": 1000, "blocked": []}
    story = make_story(judged(trace(PLACED, free), trace(PLACED)))
    assert [(each.begin, each.end) for each in story.spans_reference] == [(0, 1)]
    assert [(each.begin, each.end) for each in story.spans_peer] == [(0, None)]


def test_a_peer_that_failed_leaves_the_reference_alone():
    story = make_story(judged(trace(SESSION, STEP), Failed("crashed", "gone", "its log")))
    assert story.peer is None
    assert rows(story) == [(0, 0, None, None), (0, 1, None, None)]


def test_a_reference_that_failed_leaves_nothing_to_draw():
    story = make_story(judged(Failed("crashed", "gone")))
    assert (story.reference, story.peer, story.rows) == (None, None, ())


@pytest.mark.parametrize(
    ("player", "by", "name"),
    [
        ("rust", None, "rust"),
        ("python driver.py", Maker(implementation="mine", language="c", version="1"), "mine"),
        ("/bin/driver", None, "the peer"),
    ],
)
def test_a_driver_given_as_a_command_is_called_by_its_implementation(player, by, name):
    assert short_name(player, by) == name
