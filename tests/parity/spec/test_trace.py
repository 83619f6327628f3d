"""Traces: read, written, and put in order."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from parity.spec.trace import CHANNEL_OF_KIND, Trace
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, stop, trace

CONCURRENT = [
    stop("OK", lane="concurrently-3", ms=5),
    stop("ALREADY_EXISTS", lane="concurrently-3", ms=5),
    stop("ALREADY_EXISTS", lane="concurrently-3", ms=5),
    {**PLACED, "lane": "concurrently-3", "ms": 5},
]


def test_a_trace_written_and_read_is_itself():
    written = trace(SESSION, REPORT, PLACED, STEP, struck={"faults[0]": True})
    assert Trace.from_json(json.loads(written.text())) == written


def test_the_text_is_canonical():
    text = trace(PLACED).text()
    assert text == (
        '{"events":[{"blocked":[0],"kind":"barrier","lane":"ps_health","ms":0}],"struck":{}}\n'
    )


@given(st.permutations(CONCURRENT))
def test_what_ran_concurrently_has_one_order_whatever_it_was_recorded_in(events):
    after = {**STEP, "ms": 5}
    recorded = [SESSION, *sorted(events, key=lambda event: event["ms"]), after]
    assert trace(*recorded).text() == trace(SESSION, *CONCURRENT, after).text()


def test_a_trace_whose_times_run_backwards_is_refused():
    with pytest.raises(ValidationError, match=r"events\[1\]: expected 5 ms or later.*got 0 ms"):
        trace({**STEP, "ms": 5}, REPORT)


def test_two_concurrent_steps_are_not_mixed():
    first, second = stop(lane="concurrently-1"), {**PLACED, "lane": "concurrently-2"}
    assert [event.lane for event in trace(first, second).events] == [
        "concurrently-1",
        "concurrently-2",
    ]


def test_other_lanes_keep_their_order_and_places():
    later = [{**event, "ms": 5} for event in (REPORT, CONCURRENT[0], SESSION)]
    events = trace(STEP, CONCURRENT[3], *later).events
    assert [event.kind for event in events] == ["step", "barrier", "report", "rpc", "session"]


@pytest.mark.parametrize(
    "wrong",
    [
        {**STEP, "ms": -1},
        {**STEP, "ms": 1.5},
        {**STEP, "extra": 1},
        {**STEP, "kind": "leap"},
        {key: value for key, value in STEP.items() if key != "worker"},
    ],
)
def test_an_event_that_is_not_as_documented_is_refused(wrong):
    with pytest.raises(ValidationError):
        trace(wrong)


def test_every_kind_belongs_to_a_channel():
    kinds = {each.model_fields["kind"].default for each in _event_types()}
    assert kinds == set(CHANNEL_OF_KIND)


def _event_types():
    from parity.spec.trace import BaseEvent

    return BaseEvent.__subclasses__()
