"""Answers as they come in: whatever a line is, it is an answer or garbage with a sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.base import project
from parity.spec.loading import load_all
from parity.spec.protocol import (
    FailedAnswer,
    GarbageError,
    SkippedAnswer,
    TraceAnswer,
    answer_line,
    parse_answer,
    parse_request,
    play_request,
    prose,
    quoted_line,
    scenario_of,
)
from tests.parity import samples


def skipped(reason):
    return json.dumps({"type": "skipped", "seq": 1, "reason": reason}).encode()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            skipped(""),
            "no answer (reason: a skip needs a reason; expected what is lacking; ",
        ),
        (skipped(" \u200b\t\n"), "no answer (reason: a skip needs a reason; "),
        (b'{"type": "skipped", "seq": 1}', "no answer (reason: this key is missing; "),
        (b"[" * 5000 + b"]" * 5000, "nested too deep"),
        (b'{"type": "skipped", "seq": 1, "reason": "\\ud800"}', "\\ud800 is half a character"),
        (b'{"type": "trace", "seq": 1, "events": [NaN], "struck": {}}', "NaN isn't JSON"),
        (b'{"type": "trace", "seq": 1, "events": [-Infinity], "struck": {}}', "-Infinity isn't"),
        (b'{"type": "trace", "seq": 1, "events": [1e999], "struck": {}}', "the number '1e999' is"),
        (b'{"type": "skipped", "seq": ' + b"9" * 5001 + b', "reason": "no"}', "the number '9999"),
        (b'{"type": "skipped", "seq": 1, "seq": 2, "reason": "no"}', "the key 'seq' comes twice"),
        (
            b'{"type": "trace", "seq": 1, "events": [], "struck": {"a": 1, "b": 2}}',
            "no answer (struck: a: expected true or false; ",
        ),
        (b'{"type": "' + b"x" * 20_000 + b'"}', "no answer (there is none of the kind 'xxxx"),
        (
            b'{"type": "skipped", "seq": 1, "' + b"x" * 20_000 + b'": 1}',
            "no answer (unknown key xxxx",
        ),
        (b"\xff\xfe", "not UTF-8, from byte 0 on: '\\\\xff\\\\xfe'"),
        ("\ufeff{}".encode(), "not JSON: "),
        (b"\x1b[2J", "not JSON: expecting value (column 1): '\\x1b[2J'"),
        ("\u202e".encode(), "not JSON: expecting value (column 1): '\\u202e'"),
        (b"", "not JSON: expecting value (column 1): ''"),
        (b"null", "no answer"),
    ],
    ids=lambda text: repr(text[:40]),
)
def test_what_is_no_answer_is_garbage_with_a_sentence(line, message):
    with pytest.raises(GarbageError) as caught:
        parse_answer(line)
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 11_000


TEXT = st.text("a \x1b\u202e\ud800\n\x85\N{GRINNING FACE}", max_size=5)
ANSWERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["trace", "skipped", "failed", "bye", "looked"])},
    optional={
        "seq": st.integers() | TEXT,
        "reason": TEXT,
        "message": TEXT,
        "events": st.lists(st.integers() | st.dictionaries(TEXT, st.integers())),
        "struck": st.dictionaries(TEXT, st.booleans() | st.integers()),
        "choices": st.lists(st.integers()),
    },
)


@given(st.binary(max_size=60) | ANSWERS.map(lambda answer: json.dumps(answer).encode()))
def test_whatever_a_line_is_it_is_an_answer_or_garbage_that_can_be_printed(line):
    said = ""
    try:
        answer = parse_answer(line)
    except GarbageError as error:
        said = str(error)
    else:
        said = getattr(answer, "reason", "") + getattr(answer, "message", "")
        assert not isinstance(answer, SkippedAnswer) or answer.reason.strip()
    said.encode()
    assert not [c for c in said if c < " " and c not in "\n\t"]


def test_of_millions_of_mistakes_the_first_is_told():
    choices = {"type": "trace", "seq": 1, "events": [], "struck": {}, "choices": [1] * 1000}
    with pytest.raises(GarbageError, match=r"no answer \(choices\[0\]: ") as caught:
        parse_answer(json.dumps(choices).encode())
    assert caught.value.__context__.error_count() == 1


def test_what_a_driver_says_is_kept_as_far_as_anybody_reads():
    line = json.dumps({"type": "failed", "seq": 1, "message": "x" * 50_000 + "\x1b"}).encode()
    answer = parse_answer(line)
    assert isinstance(answer, FailedAnswer)
    assert answer.message == "x" * 10_000 + "... (40001 more characters)"


def test_newlines_and_tabs_stay_and_controls_are_shown():
    assert prose("a\n\tb\r\x85") == "a\n\tb\\r\\x85"
    assert quoted_line(b"a\nb" + b"c" * 300) == repr("a\nb" + "c" * 197 + "...")


def test_whatever_is_in_a_trace_is_left_to_its_reader():
    line = b'{"type": "trace", "seq": 1, "events": [{"kind": "?"}], "struck": {"a": true}}'
    assert isinstance(parse_answer(line), TraceAnswer)


def requested(file, **changes):
    line = play_request(1, file, None, None)
    document = json.loads(line)
    document["scenario"].update(changes)
    return parse_request(json.dumps(document).encode())


def test_a_driver_in_python_reads_every_scenario_as_it_is():
    for file in load_all([project.SCENARIOS]):
        read = scenario_of(requested(file)).canonical()
        assert read.pop("name") == file.name
        assert read == file.scenario.canonical()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cluster": {"ps": -1, "workers": 1, "capacity": 1}}, "cluster.ps: "),
        ({"barrier": {"callbacks": [], "wait": "1s"}}, "barrier.wait: "),
        ({"sung": 1}, "sung"),
        ({"steps": [{"worker": {"index": 5, "train": 1}}]}, "steps.0.worker.index: "),
    ],
)
def test_a_driver_in_python_says_what_is_wrong_with_a_scenario(changes, message):
    file = samples.scenario_file("a/b")
    with pytest.raises(ValueError, match=message):
        scenario_of(requested(file, **changes))


def test_a_request_that_is_wrong_but_numbered_is_answered_and_any_other_is_garbage():
    answer = parse_request(b'{"type": "play", "seq": 4}')
    assert isinstance(answer, FailedAnswer)
    assert answer.seq == 4
    for line in (
        b"{",
        b"\xff",
        b'{"type": "sing"}',
        b'{"type": "play", "seq": -1}',
        b"[1]",
        b'{"type": "play", "seq": true}',
    ):
        with pytest.raises(GarbageError):
            parse_request(line)


def test_an_answer_is_read_as_it_was_written():
    answer = SkippedAnswer(type="skipped", seq=1, reason="needs saver")
    assert parse_answer(answer_line(answer).encode()) == answer
