"""Traces for chrome://tracing, against a schema of Google's Trace Event Format.

The schema has what the format's document requires of the phases that are used:
metadata (M), instants (i) and complete events (X), in the JSON Object Format.
"""

from __future__ import annotations

import json

import jsonschema

from parity.report.viewers import chrome_trace
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, judged, trace

COMMON = {
    "name": {"type": "string"},
    "cat": {"type": "string"},
    "pid": {"type": "integer"},
    "tid": {"type": "integer"},
    "ts": {"type": "number", "minimum": 0},
    "args": {"type": "object"},
}


def phase(letter, required=(), **own):
    return {
        "type": "object",
        "required": ["name", "ph", "pid", "tid", "ts", *required],
        "properties": {"ph": {"const": letter}, **COMMON, **own},
        "additionalProperties": False,
    }


SCHEMA = {
    "type": "object",
    "required": ["traceEvents"],
    "properties": {
        "displayTimeUnit": {"enum": ["ms", "ns"]},
        "traceEvents": {
            "type": "array",
            "items": {
                "oneOf": [
                    phase(
                        "M",
                        ["args"],
                        name={
                            "enum": [
                                "process_name",
                                "process_labels",
                                "process_sort_index",
                                "thread_name",
                                "thread_sort_index",
                            ]
                        },
                    ),
                    phase("i", ["s"], s={"enum": ["g", "p", "t"]}),
                    phase("X", ["dur"], dur={"type": "number", "minimum": 0}),
                ]
            },
        },
    },
    "additionalProperties": False,
}
FREE = {**PLACED, "ms": 30_000, "blocked": []}
TEXT = chrome_trace(
    judged(trace(SESSION, REPORT, PLACED, STEP, FREE), trace(SESSION, PLACED, STEP, FREE))
)
EVENTS = json.loads(TEXT)["traceEvents"]


def test_the_file_is_of_the_trace_event_format():
    jsonschema.validate(json.loads(TEXT), SCHEMA)


def test_each_player_is_a_process_with_a_thread_a_lane():
    processes = [each["args"]["name"] for each in EVENTS if each["name"] == "process_name"]
    assert processes == ["python (reference)", "rust (peer)"]
    threads = [each["args"]["name"] for each in EVENTS if each["name"] == "thread_name"]
    assert threads[:3] == ["main", "ps_health", "controller"]


def test_times_are_microseconds_of_virtual_time():
    spans = [(each["name"], each["ts"], each["dur"]) for each in EVENTS if each["ph"] == "X"]
    ((name, begin, length), _) = spans
    assert name == "barrier placed"
    assert begin < 1000
    assert begin + length == 30_000_000


def test_an_event_that_only_one_player_has_is_only_in_its_process():
    reports = [each["pid"] for each in EVENTS if each["name"] == "report"]
    assert reports == [1]
