"""Strategies for steps: faults, training, time, calls and files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from parity.search.fuzz.case import RECREATED
from parity.search.fuzz.hook_strategies import errors
from parity.spec.faults import OPERATIONS, FaultyFile
from parity.spec.rpcs import Method
from parity.spec.steps import STATE_FILES

Document = dict[str, Any]

SIZES: Final = (0, 999, 1000, 1001, 2**30, 9 * 2**30, 2**62 - 1, 2**62)
LIMITS: Final = (None, 0, 1, 1000, 2**30, 2**33, 2**62, 2**63 - 1, -1, -(2**63))
_TIMES: Final = ("0s", "1ms", "500ms", "1s", "2s", "29s", "30s", "31s", "60s")
_SHORT_TIMES: Final = ("0s", "1ms", "500ms", "1s", "5s", "25s")
_BYTES: Final = ("00", "ff", "0800", "0801", "0805", "0801120368696c", "1203c3a441", "1a00")
_TEXTS: Final = ("{addr}", "{addr}\n", "{addr}\r\n", "{dead}", "{silent}")
_FILES: Final[tuple[tuple[FaultyFile, str], ...]] = (
    ("checkpoint", "saver"),
    ("monolith_checkpoint", "saver"),
    ("controller_server_addr.txt", "server"),
    ("monolith_action", "query_action"),
    ("monolith_action_response", "query_action"),
)
"""Files that can fail, each with the hook that uses it."""
_MESSAGES: Final = ("injected", "injected", "injected", "größer \u2717 \U0001f4a5", "a%20b\n", "")
CALLBACKS: Final = st.sampled_from(("record", "record", "slow", "raise"))
_ONE_IN_THREE: Final = st.sampled_from((False, False, True))
_ACTIONS: Final = (
    "action: STOP",
    "action: TRIGGER_SAVE",
    "action: 1",
    "action: 2",
    "action: UNKNOWN",
    "action: NONE",
    "",
    "acton: STOP",
)
_STATES: Final = (
    'exempt_model_checkpoint_paths: "model.ckpt-1"\nexempt_model_checkpoint_paths: "gone"',
    "exempt_model_checkpoint_paths: ['model.ckpt-2', \"model.ckpt-1\"]",
    "builtin_hash_table_type: MULTI_CUCKOO_HASH_MAP last_checkpoint_save_timestamp: 0x1F",
    "builtin_hash_table_type: 7",
    'model_checkpoint_path: "model.ckpt-1" all_model_checkpoint_paths: "model.ckpt-1"',
    "",
)


@st.composite
def _raised(draw: DrawFn) -> Document:
    """Draw an error, how often it is raised, and its message."""
    # These two end a handler without an answer, so the caller would wait forever.
    error = draw(errors().filter(lambda name: name not in ("KeyboardInterrupt", "SystemExit")))
    # A session that can never be created, or never take a step, would be retried forever.
    always = [] if error in RECREATED else [None, None]
    times = draw(st.sampled_from([1, 2, *always]))
    return {"error": error, "times": times, "message": draw(st.sampled_from(_MESSAGES))}


@st.composite
def _file_errors(draw: DrawFn, files: Sequence[FaultyFile]) -> Document:
    raised = draw(_raised())
    file = draw(st.sampled_from(files))
    raised["file"] = file
    # Only the action file is deleted: else that would be met in one case of 300.
    deletions = ["delete"] * 2 if "delete" in OPERATIONS[file] else []
    raised["operation"] = draw(st.sampled_from([*OPERATIONS[file], *deletions]))
    # Without a first server that can publish there is no session.
    raised["skips"] = draw(st.sampled_from([1, 1, 0] if "addr" in file else [0, 0, 1, 5]))
    return {"file_error": raised}


@st.composite
def faults(draw: DrawFn, ps: int, listeners: int, hooks: set[str]) -> Document:
    """Draw one fault, of a PS or a listener if there are any, or of the saver."""
    of_saver = ("save_error", "slow_save", *(["listener_error"] if listeners else []))
    of_files = ("file_error",) if any(of in hooks for _, of in _FILES) else ()
    of_ps = ("rss", "health_bytes", "poll_error", "slow_poll", "recover") if ps else ()
    kind = draw(st.sampled_from((*of_ps, *of_saver, *of_files)))
    if kind == "file_error":
        return draw(_file_errors([name for name, of in _FILES if of in hooks]))
    if kind in ("save_error", "listener_error"):
        raised = draw(_raised())
        if kind == "listener_error":
            raised["listener"] = draw(st.integers(0, listeners - 1))
            raised["method"] = draw(st.sampled_from(["before_save", "after_save"]))
        return {kind: raised}
    if kind == "slow_save":
        return {kind: {"takes": draw(st.sampled_from(_SHORT_TIMES))}}
    options: Document = {"ps": draw(st.integers(0, ps - 1))}
    if kind == "rss":
        options["bytes"] = draw(st.sampled_from(SIZES))
    elif kind == "health_bytes":
        options["hex"] = draw(st.sampled_from(_BYTES))
    elif kind == "slow_poll":
        options["takes"] = draw(st.sampled_from(_SHORT_TIMES))
    return {kind: options}


@st.composite
def _calls(draw: DrawFn) -> Document:
    deadline = draw(st.sampled_from([None, None, None, "1ms", "1s", "5s", "30s"]))
    server = draw(st.sampled_from([None] * 15 + [1, 1, 2]))
    return {"rpc": draw(st.sampled_from(get_args(Method))), "deadline": deadline, "server": server}


def _training(workers: int) -> SearchStrategy[Document]:
    given = {"index": st.integers(1, workers - 1), "train": st.integers(1, 3)}
    takes = {"takes": st.sampled_from(["500ms", "2s"])}
    return st.fixed_dictionaries(given, optional=takes).map(lambda at: {"worker": at})


@st.composite
def _concurrently(draw: DrawFn, workers: int) -> Document:
    branches = _calls() if workers == 1 else st.one_of(_calls(), _calls(), _training(workers))
    made = draw(st.lists(branches, min_size=2, max_size=4))
    if draw(st.booleans()):
        made[1] = made[0]  # Two equal calls reveal a test-and-set that isn't atomic.
    return {"concurrently": made}


def _contents(texts: tuple[str, ...], *others: SearchStrategy[Any]) -> SearchStrategy[Any]:
    text = st.sampled_from(texts).map(lambda text: {"text": text})
    return st.one_of(text, text, text, st.just("missing"), st.just({"hex": "ff"}), *others)


@st.composite
def _machine_info(draw: DrawFn, ps: int) -> Document:
    limit = draw(st.sampled_from(LIMITS))
    return {"machine_info": {"ps": draw(st.integers(0, ps - 1)), "mem_limit": limit}}


def _kinds(
    ps: int, workers: int, hooks: set[str], listeners: int
) -> list[tuple[int, SearchStrategy[Document]]]:
    """Return the kinds of steps possible here, each with its weight."""
    kinds: list[tuple[int, SearchStrategy[Document]]] = [
        (4, st.integers(1, 3).map(lambda n: {"train": n})),
        (5, st.sampled_from(_TIMES).map(lambda time: {"advance": time})),
        (4, faults(ps, listeners, hooks).map(lambda fault: {"fault": fault})),
        (6, _calls()),
        (2, _calls().map(lambda call: {"background": call})),
        (4, _background(ps, workers, hooks, listeners)),
        (3, _concurrently(workers)),
        (1, st.just(_look("current_session"))),
        (1, st.sampled_from(["current_session", "action_response"]).map(_look)),
    ]  # fmt: skip
    kinds += _at_any_time(ps, workers, hooks)
    if "query_action" in hooks:
        kinds.append((2, st.just({"advance": "60s"})))
    return kinds


@st.composite
def _background(draw: DrawFn, ps: int, workers: int, hooks: set[str], listeners: int) -> Document:
    """Draw a step that arrives while the main lane is in the middle of its next one."""
    others = [kind for _, kind in _at_any_time(ps, workers, hooks)]
    fault = faults(ps, listeners, hooks).map(lambda fault: {"fault": fault})
    done = draw(st.one_of(_calls(), _calls(), fault, *others))
    return {"background": done, "after": draw(st.sampled_from(_SHORT_TIMES))}


def _at_any_time(
    ps: int, workers: int, hooks: set[str]
) -> list[tuple[int, SearchStrategy[Document]]]:
    """Return the possible kinds of steps that don't need the chief's own lane."""
    kinds: list[tuple[int, SearchStrategy[Document]]] = []
    if workers > 1:
        kinds.append((5, _training(workers)))
    if ps:
        kinds.append((1, _machine_info(ps)))
    if "server" in hooks:
        kinds.append((1, _contents(_TEXTS).map(lambda content: {"address_file": content})))
    if "saver" in hooks:
        written = {"file": st.sampled_from(STATE_FILES), "content": _contents(_STATES)}
        kinds.append((1, st.fixed_dictionaries({"state_file": st.fixed_dictionaries(written)})))
        kinds.append((1, st.sampled_from(["enable", "disable"]).map(lambda way: {"timer": way})))
    if "callback" in hooks:
        kinds.append((1, CALLBACKS.map(lambda kind: {"append_callback": kind})))
    if "controller" in hooks:
        ops = st.sampled_from(["stop_op", "trigger_save_op"])
        kinds.append((3, ops.map(lambda op: {"controller_op": op})))
    if "query_action" in hooks:
        kinds.append(
            (
                3,
                _contents(_ACTIONS, st.just("folder")).map(
                    lambda content: {"action_file": content}
                ),
            )
        )
    return kinds


def _courses(workers: int, hooks: set[str]) -> list[tuple[SearchStrategy[Document], ...]]:
    """Return sequences of steps that matter only in an order that chance rarely makes."""
    stop, resume = st.just(_call("StopTraining")), st.just(_call("ResumeTraining"))
    train, wait = st.just({"train": 1}), st.sampled_from(_TIMES).map(lambda time: {"advance": time})
    courses: list[tuple[SearchStrategy[Document], ...]] = []
    if workers > 1:
        worker = _training(workers)
        courses.append((stop, worker, resume, wait, stop))
        if "controller" in hooks:
            courses.append((st.just({"controller_op": "stop_op"}), train, stop, worker, wait))
    if "query_action" in hooks:
        asked = st.sampled_from(_ACTIONS[:4]).map(lambda text: {"action_file": {"text": text}})
        look = st.just({"advance": "60s"})
        courses.append((asked, look, train))
        failing = _file_errors(["monolith_action", "monolith_action", "monolith_action_response"])
        fails = failing.map(lambda fault: {"fault": fault})
        courses += [(fails, asked, look, look), (fails, asked, look)]
    if "current_session" in hooks:
        courses.append((train, st.just({"end": {}}), st.just(_look("current_session"))))
    return courses


def _call(method: str) -> Document:
    return {"rpc": method, "deadline": None, "server": None}


def _look(at: str) -> Document:
    return {"look": at, "expect": "none"}


@st.composite
def steps(draw: DrawFn, ps: int, workers: int, hooks: set[str], listeners: int) -> list[Document]:
    """Draw up to eight steps, then perhaps the end or an exception, and perhaps a call after it.

    Some are of one course, with others between them. ``hooks`` are the kinds of the chief's
    hooks, and ``callback`` if the barrier has one.
    """
    kinds = [kind for weight, kind in _kinds(ps, workers, hooks, listeners) for _ in range(weight)]
    courses = _courses(workers, hooks)
    has_course = bool(courses) and draw(_ONE_IN_THREE)
    course = draw(st.sampled_from(courses)) if has_course else ()
    count = draw(st.integers(0, 3) if course else st.integers(1, 8))
    made = [draw(draw(st.sampled_from(kinds))) for _ in range(count)]
    at = 0
    for step in course:
        at = draw(st.integers(at, len(made)))
        made.insert(at, draw(step))
        at += 1
    last = draw(st.sampled_from(["open", "open", "end", "raise"]))
    if last == "end":
        made.append({"end": {}})
    if last == "raise":
        made.append({"raise": {"error": draw(errors())}})
    if last != "open" and draw(st.booleans()):
        made.append(draw(_calls()))
    return _in_time(made)


def _in_time(made: list[Document]) -> list[Document]:
    """Give a deadline to each call if there is an address where nobody answers."""
    silent = "{silent}" in str(made)
    for step in made if silent else ():
        for call in (step, step.get("background"), *step.get("concurrently", ())):
            if call is not None and "rpc" in call and call["deadline"] is None:
                call["deadline"] = "30s"
    return made
