"""The committed JSON Schemas accept all that is written and read, and refuse what is wrong."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from parity.app.schemas import schemas
from parity.base import project
from parity.spec.interop import InteropServer, Look
from parity.spec.loading import load_all
from parity.spec.protocol import (
    ArriveRequest,
    CallRequest,
    DecodeRequest,
    EncodeRequest,
    GarbageError,
    LookRequest,
    ServeRequest,
    StopServingRequest,
    bye_request,
    hello_request,
    parse_answer,
    play_request,
    request_line,
)
from parity.spec.summary import summarize
from parity.spec.trace import Trace

RECORDED = sorted(project.RECORDED.rglob("*.json"))
INTEROP_REQUESTS = (
    ServeRequest(seq=1, model_dir="/tmp/x", **InteropServer().model_dump()),
    ArriveRequest(seq=2, workers=(1, 3)),
    CallRequest(
        seq=3, model_dir="/tmp/x", method="/Controller/X", request_hex=None, deadline_ms=10
    ),
    StopServingRequest(seq=4),
    EncodeRequest(seq=5, message="monolith.ControllerHooksProto", fields={"action": 2}),
    DecodeRequest(seq=6, message="monolith.ControllerHooksProto", hex="0802"),
    LookRequest(seq=7, **Look(port=4711, machines=(("low", 0), ("low", None))).model_dump()),
)
LOOKED = {
    "type": "looked", "seq": 7, "server_addr": "10.0.0.2:4711", "ipv4": True, "addrs": [],
    "alive": [], "dead": [], "all_alive": False, "valid": [False], "joined": [],
    "health_hex": ["0801"], "timer": [True], "no_capacity": None, "now_ms": 0, "barrier": None,
    "checkpoints": {
        "prefix": "p", "asset_dir": "d", "existing": [5], "restored": None, "steps": [12, None],
        "latest": None, "exempt": None,
    },
    "graphs": {
        "second_barrier": "ValueError", "second_controller": None,
        "infos": [{"step": None, "saved": 0}], "inputs": [[1, 2], None],
    },
}  # fmt: skip
ANSWERS = (
    {
        "type": "hello", "protocol": 1, "implementation": "x", "language": "rust",
        "version": "1", "source_digest": None, "capabilities": ["saver"],
    },
    {"type": "trace", "seq": 1, "events": [], "struck": {"faults[0]": True}},
    {"type": "skipped", "seq": 1, "reason": "needs saver"},
    {"type": "failed", "seq": 1, "message": "no", "reason": "stalled", "choices": []},
    {"type": "serving", "seq": 1},
    {"type": "arrived", "seq": 2},
    {"type": "called", "seq": 3, "code": "OK", "response_hex": "", "error": None},
    {"type": "stopped", "seq": 4},
    {"type": "encoded", "seq": 5, "hex": "0802", "text": "action: STOP"},
    {"type": "decoded", "seq": 6, "fields": {"action": 2}, "text": "action: STOP"},
    LOOKED,
    {"type": "bye"},
)  # fmt: skip
WRONG_ANSWERS = (
    {"type": "hello", "protocol": "1", "implementation": "x", "language": "x", "version": "1"},
    {"type": "trace", "seq": 1, "events": [], "struck": {"faults[0]": 1}},
    {"type": "skipped", "seq": 1},
    {"type": "failed", "seq": 1, "message": "no", "reason": "tired"},
    {"type": "serving", "seq": "1"},
    {"type": "called", "seq": 3, "status": "OK"},
    {**LOOKED, "timer": [1]},
    {"seq": 1},
    {"type": "applause", "seq": 1},
)


def validator(name, definition=None):
    schema = json.loads((project.SCHEMAS / name).read_text())
    Draft202012Validator.check_schema(schema)
    if definition is not None:
        schema = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def files():
    return load_all([])


def canonical(document):
    return json.loads(json.dumps(document))


def test_each_schema_is_committed():
    assert {name for name, _ in schemas()} == {path.name for path in project.SCHEMAS.iterdir()}


@pytest.mark.slow
def test_canonical_json_of_every_scenario_is_valid(files):
    schema = validator("scenario.json")
    for file in files:
        schema.validate(canonical(file.scenario.canonical()))


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("steps", [{"advance": "30s"}]),
        ("steps", ["end"]),
        ("hooks", ["saver"]),
        ("hooks", [{"saver": {"save_steps": 1}}]),
        ("faults", [{"slow_poll": {"ps": 0, "takes": 100_001}}]),
        ("faults", [{"rss": {"ps": 0, "bytes": "9GiB"}}]),
        ("barrier", {"callbacks": [], "wait": 0}),
        ("cluster", {"ps": 1, "workers": 1, "capacity": None}),
        ("needs", []),
    ],
)
def test_what_is_no_canonical_json_of_a_scenario_is_refused(files, key, wrong):
    document = canonical(files[0].scenario.canonical()) | {key: wrong}
    (error, *_) = validator("scenario.json").iter_errors(document)
    assert key in (*error.path, *error.message.split("'"))


def test_every_default_is_filled_in(files):
    document = canonical(files[0].scenario.canonical())
    del document["barrier"]
    assert not validator("scenario.json").is_valid(document)


def traces():
    for path in RECORDED:
        yield path, json.loads(path.read_text())["trace"]


@pytest.mark.slow
@pytest.mark.nightly
def test_every_recorded_trace_is_valid():
    schema = validator("trace.json")
    for _, trace in traces():
        if trace is not None:
            schema.validate(trace)
            schema.validate(canonical(Trace.from_json(trace).to_json()))


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "session", "lane": "main", "ms": 0, "state": "open"},
        {"kind": "session", "lane": "main", "ms": -1, "state": "created"},
        {"kind": "session", "lane": "main", "state": "created"},
        {"kind": "step", "lane": "main", "ms": 0, "worker": 0},
        {"kind": "applause", "lane": "main", "ms": 0},
        {"lane": "main", "ms": 0, "state": "created"},
    ],
)
def test_a_trace_with_a_wrong_event_is_refused(event):
    assert not validator("trace.json").is_valid({"events": [event], "struck": {}})


@pytest.mark.slow
def test_every_summary_is_valid(files):
    schema = validator("summary.json")
    recorded = {path: trace for path, trace in traces() if trace is not None}
    for file in files:
        trace = recorded.get(project.RECORDED / f"{file.name}.json")
        if trace is not None:
            summary = summarize(file.scenario, Trace.from_json(trace))
            schema.validate(canonical(summary.model_dump(mode="json")))


@pytest.mark.parametrize("wrong", [{"reports": "1"}, {"applause": 1}, {"blocked": [-1]}])
def test_a_wrong_summary_is_refused(wrong):
    assert not validator("summary.json").is_valid(wrong)


@pytest.mark.slow
def test_every_request_is_valid(files):
    schema = validator("driver-protocol.json", "Request")
    lines = [hello_request(), bye_request(), *map(request_line, INTEROP_REQUESTS)]
    lines += [play_request(1, file, None, None) for file in files]
    lines += [play_request(1, files[0], 2**63 - 1, None), play_request(1, files[0], None, (0, 2))]
    for line in lines:
        schema.validate(json.loads(line))


def test_a_wrong_request_is_refused(files):
    schema = validator("driver-protocol.json", "Request")
    lines = [hello_request(), play_request(1, files[0], None, None)]
    for line in [*lines, *map(request_line, INTEROP_REQUESTS)]:
        request = json.loads(line)
        for key in request:
            assert not schema.is_valid({k: value for k, value in request.items() if k != key})
        assert not schema.is_valid({**request, "applause": 1})


def test_a_request_is_the_line_that_it_always_was(files):
    file = files[0]
    scenario = {"name": file.name, **file.scenario.canonical()}
    played = {"type": "play", "seq": 1, "seed": 5, "schedule": None, "scenario": scenario}
    dumped = json.dumps(played, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert play_request(1, file, 5, None) == dumped
    assert hello_request() == '{"protocol":1,"type":"hello"}'
    assert request_line(INTEROP_REQUESTS[4]) == (
        '{"fields":{"action":2},"message":"monolith.ControllerHooksProto","seq":5,"type":"encode"}'
    )


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["type"])
def test_an_answer_that_is_read_is_valid(answer):
    parse_answer(json.dumps(answer).encode())
    validator("driver-protocol.json", "Answer").validate(answer)


def test_the_answer_with_a_recorded_trace_is_valid():
    schema = validator("driver-protocol.json", "Answer")
    for _, trace in traces():
        if trace is not None:
            schema.validate({"type": "trace", "seq": 1, **trace})


@pytest.mark.parametrize("answer", WRONG_ANSWERS, ids=lambda answer: answer.get("type"))
def test_what_is_garbage_is_no_valid_answer(answer):
    with pytest.raises(GarbageError):
        parse_answer(json.dumps(answer).encode())
    assert not validator("driver-protocol.json", "Answer").is_valid(answer)
