"""Hand-written expectations against what a trace shows."""

from __future__ import annotations

import pytest

from parity.verdict.expectations import line_of, unmet
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, scenario, stop, trace

CLOSED = {**SESSION, "state": "closed"}
RAISED = {"kind": "raised", "lane": "main", "ms": 0, "error": "AbortedError", "message": "m"}
DIED = {
    "kind": "thread",
    "lane": "ps_health",
    "ms": 0,
    "thread": "ps_health",
    "fate": "died",
    "error": "DecodeError",
}
SAVED = {"kind": "save", "lane": "main", "ms": 0, "step": 3}
HOOK = {"kind": "hook", "lane": "main", "ms": 0, "hook": "A", "phase": "begin"}
LOGGED = {
    "kind": "log",
    "lane": "ps_health",
    "ms": 0,
    "level": "ERROR",
    "message": "PS are not healthy:\n",
}
CALLED = {
    "kind": "listener",
    "lane": "main",
    "ms": 0,
    "listener": 0,
    "method": "begin",
    "step": None,
}
FILES = {"kind": "files", "lane": "main", "ms": 0, "left": ["checkpoint"]}
SHOWS = trace(
    SESSION, HOOK, REPORT, LOGGED, PLACED, DIED, STEP, CALLED, SAVED, RAISED, CLOSED, FILES
)


def broken(of, **keys):
    return [str(each) for each in unmet(scenario(**keys), of)]


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("reports", 1, 0),
        ("reported", [[1]], [[0], [1]]),
        ("barrier", [[0]], [[0], []]),
        ("blocked", [0], []),
        ("raised", "AbortedError", None),
        ("threads", {"ps_health": "died: DecodeError"}, {"ps_health": "returned"}),
        ("saves", [3], []),
        ("global_step", 1, 2),
        ("hook_order", ["A.begin"], []),
        ("listener_calls", ["0.begin"], []),
        ("logs", ["PS are not healthy:\n"], []),
        ("files", ["checkpoint"], []),
    ],
)
def test_each_key_is_met_by_its_value_and_broken_by_another(key, right, wrong):
    assert broken(SHOWS, expect={key: right}) == []
    (text,) = broken(SHOWS, expect={key: wrong})
    assert text.startswith(f"expect.{key}: expected ")


def test_keys_that_are_not_given_are_not_looked_at():
    assert broken(SHOWS, expect={"reports": 1}) == []


def test_the_barrier_at_the_end_is_that_before_the_session_was_left():
    after = {**PLACED, "blocked": []}
    assert broken(trace(PLACED, CLOSED, after), expect={"blocked": [0]}) == []


def test_a_default_report_counts_its_log_records():
    hooks = [{"ps_health": {"report": "default"}}]
    assert broken(trace(LOGGED), hooks=hooks, expect={"reports": 1}) == []


def test_a_call_is_held_to_its_code_details_and_response():
    steps = [{"rpc": "StopTraining", "expect": "OK"}]
    assert broken(trace(stop("ALREADY_EXISTS")), steps=steps) == [
        'steps[0].expect: expected "OK", got "ALREADY_EXISTS"'
    ]
    steps = [{"rpc": "StopTraining", "expect": "ALREADY_EXISTS", "details": "other"}]
    assert broken(trace(stop("ALREADY_EXISTS")), steps=steps) == [
        'steps[0].details: expected "other", got "Barrier is placed already."'
    ]
    status = {**stop(), "method": "GetTrainingStatus", "response": {"global_step": 3}}
    steps = [{"rpc": "GetTrainingStatus", "response": {"global_step": 4}}]
    assert broken(trace(status), steps=steps) == [
        'steps[0].response: expected {"global_step":4}, got {"global_step":3}'
    ]


def test_a_call_that_was_never_answered_is_noticed():
    assert broken(trace(), steps=[{"rpc": "StopTraining"}]) == [
        'steps[0].expect: expected "OK", got "no answer"'
    ]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"steps": [{"background": {"rpc": "StopTraining"}}]}, "steps[0].background.expect"),
        ({"hooks": [{"call": {"phase": "end", "rpc": "StopTraining"}}]}, "hooks[0].call.expect"),
    ],
)
def test_a_call_from_another_lane_that_was_never_answered_is_noticed(keys, said):
    assert broken(trace(), **keys) == [f'{said}: expected "OK", got "no answer"']


def test_a_concurrent_call_that_was_never_answered_is_noticed():
    steps = [{"concurrently": [{"rpc": "StopTraining"}, {"rpc": "StopTraining"}]}]
    assert broken(trace(stop("OK", "concurrently-0")), steps=steps) == [
        'steps[0].concurrently: expected ["StopTraining OK","StopTraining OK"], '
        'got ["StopTraining OK"]'
    ]


def test_an_answer_to_no_call_and_a_second_answer_are_noticed():
    assert broken(trace(stop())) == ['steps[0]: expected "no such call", got "OK"']
    assert broken(trace(stop(), stop()), steps=[{"rpc": "StopTraining"}]) == [
        'steps[0]: expected "one answer", got 2'
    ]


def test_concurrent_calls_are_held_to_details_and_responses_whichever_came_first():
    def status(step):
        answer = stop("OK", "concurrently-0")
        return {**answer, "method": "GetTrainingStatus", "response": {"global_step": step}}

    call = {"rpc": "GetTrainingStatus"}
    steps = [{"concurrently": [call, {**call, "response": {"global_step": 3}}]}]
    assert broken(trace(status(3), status(4)), steps=steps) == []
    assert broken(trace(status(4), status(3)), steps=steps) == []
    assert broken(trace(status(4), status(4)), steps=steps) == [
        'steps[0].concurrently.response: expected {"global_step":3}, got {"global_step":4}'
    ]


def test_concurrent_calls_are_held_to_their_codes_as_a_multiset():
    steps = [
        {
            "concurrently": [
                {"rpc": "StopTraining", "expect": "ALREADY_EXISTS"},
                {"rpc": "StopTraining"},
            ]
        }
    ]
    lane = "concurrently-0"
    one_each = trace(stop("OK", lane), stop("ALREADY_EXISTS", lane))
    assert broken(one_each, steps=steps) == []
    assert broken(trace(stop("OK", lane), stop("OK", lane)), steps=steps) == [
        'steps[0].concurrently: expected ["StopTraining ALREADY_EXISTS","StopTraining OK"], '
        'got ["StopTraining OK","StopTraining OK"]'
    ]


@pytest.mark.parametrize(
    ("strikes", "struck", "said"),
    [
        (True, True, []),
        (False, False, []),
        (True, False, ['steps[0].fault: expected "triggered", got "not triggered"']),
        (False, True, ['steps[0].fault: expected "not triggered", got "triggered"']),
    ],
)
def test_a_declared_fault_must_strike_unless_it_is_said_not_to(strikes, struck, said):
    steps = [{"fault": {"recover": {"ps": 0}}, "strikes": strikes}]
    assert broken(trace(struck={"steps[0].fault": struck}), steps=steps) == said


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"faults": [{"poll_error": {"ps": 0}}]}, "faults[0]"),
        ({"steps": [{"fault": {"poll_error": {"ps": 0}}}]}, "steps[0].fault"),
        (
            {
                "hooks": [
                    {"probe": {"name": "A", "raises": {"phase": "end", "error": "ValueError"}}}
                ]
            },
            "hooks[0].probe.raises",
        ),
    ],
)
def test_a_declared_fault_that_a_player_says_nothing_of_is_noticed(keys, place):
    assert broken(trace(struck={place: True}), **keys) == []
    assert broken(trace(), **keys) == [f'{place}: expected "triggered", got "not reported"']
    assert broken(trace(struck={place: False}), **keys) == [
        f'{place}: expected "triggered", got "not triggered"'
    ]


def test_a_trace_that_no_scenario_could_expect_is_a_broken_expectation_and_no_crash():
    """A port may say anything: what it says is held against what is expected, not to its form."""
    theirs = {"ps": -1, "status": None, "message": ""}
    odd = trace(
        {**REPORT, "results": [theirs]},
        {**PLACED, "blocked": [-1, 10**9]},
        {**SAVED, "step": -(2**63)},
        {**DIED, "thread": "x" * 1000, "error": "a b\n"},
    )
    assert broken(odd, expect={"reported": [[1]], "saves": [], "threads": {}}) == [
        "expect.reported: expected [[1]], got [[-1]]",
        'expect.threads: expected {}, got {"' + "x" * 1000 + '":"died: a b\\n"}',
        f"expect.saves: expected [], got [{-(2**63)}]",
    ]


WRITTEN = """\
about: a sample
steps:
  - train: 1
  - rpc: StopTraining
    expect: OK
  - concurrently:
      - rpc: StopTraining
expect:
  reports: 1
  blocked:
    - 0
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("expect.reports", 9),
        ("expect.blocked", 10),
        ("expect.raised", 8),
        ("steps[1].expect", 5),
        ("steps[2].concurrently[0].rpc", 7),
        ("steps[0].train.within", 3),
        ("hooks[0].call", None),
    ],
)
def test_a_path_has_the_line_of_what_is_written_of_it(path, line):
    assert line_of(WRITTEN, path) == line


@pytest.mark.parametrize("text", ["", "- a", "a: [", "text"])
def test_a_text_that_is_no_scenario_has_no_lines(text):
    assert line_of(text, "expect.reports") is None
