"""Two traces side by side."""

from __future__ import annotations

from parity.report.alignment import align
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, trace

SECOND = {**STEP, "global_step": 2}


def aligned(reference, peer):
    return [(pair.reference, pair.peer) for pair in align(trace(*reference), trace(*peer))]


def test_equal_traces_go_together():
    both = [SESSION, REPORT, PLACED]
    assert aligned(both, both) == [(0, 0), (1, 1), (2, 2)]


def test_what_one_side_has_more_stands_alone_after_what_it_follows():
    assert aligned([SESSION, REPORT, STEP], [SESSION, REPORT, REPORT, STEP]) == [
        (0, 0),
        (1, 1),
        (None, 2),
        (2, 3),
    ]


def test_what_a_side_has_instead_stands_just_after_it():
    refused = {**STEP, "lane": "main", "kind": "raised", "error": "A", "message": ""}
    del refused["worker"], refused["global_step"]
    other = {**refused, "error": "B"}
    assert aligned([SESSION, refused, STEP], [SESSION, other, STEP]) == [
        (0, 0),
        (1, None),
        (None, 1),
        (2, 2),
    ]


def test_another_order_of_lanes_at_one_instant_is_no_difference():
    assert aligned([REPORT, STEP], [STEP, REPORT]) == [(0, 1), (1, 0)]


def test_another_order_of_channels_on_one_lane_is_no_difference_either():
    assert aligned([REPORT, PLACED], [PLACED, REPORT]) == [(0, 1), (1, 0)]


def test_the_same_event_at_another_time_is_two():
    later = {**PLACED, "ms": 5}
    assert aligned([PLACED, SECOND], [SECOND, later]) == [(0, None), (1, 0), (None, 1)]


def test_what_comes_again_after_a_difference_goes_together_again():
    third = {**STEP, "global_step": 3}
    assert aligned([STEP, SECOND, third], [STEP, third]) == [(0, 0), (1, None), (2, 1)]
