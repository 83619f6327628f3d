"""Strategies for the chief's hooks: which, in which order, and with which options."""

from __future__ import annotations

from typing import Any, Final, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from parity.search.fuzz.case import RECREATED
from parity.spec.faults import ErrorName
from parity.spec.hooks import ListenerKind, Phase
from parity.spec.rpcs import Method

Document = dict[str, Any]

_DEFAULT: Final = ("ps_health", "saver", "server")
_BESIDES: Final = (
    "probe",
    "probe",
    "call",
    "current_session",
    "controller",
    "controller",
    "query_action",
    "stop_helper",
    "input",
    "ps_health",
    "saver",
)
_NEEDS: Final = {"server": "saver", "query_action": "controller"}
_ONCE: Final = ("controller", "input")
_PROBES: Final = "ABCD"


def errors() -> SearchStrategy[str]:
    """Return a strategy for errors, a third of which have a special effect on a session."""
    special = (*RECREATED, "OutOfRangeError", "ValueError", "SystemExit")
    anything = st.sampled_from(get_args(ErrorName))
    return st.one_of(st.sampled_from(special), anything, anything)


def _rarely(often: Any, rarely: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(st.just(often), st.just(often), rarely)


def _schedules() -> SearchStrategy[Document]:
    return _rarely(
        {},
        st.one_of(
            st.fixed_dictionaries({"save_steps": st.integers(1, 3)}),
            st.fixed_dictionaries({"save_secs": st.sampled_from(["1s", "30s", "45s"])}),
        ),
    )


@st.composite
def _saver(draw: DrawFn) -> Document:
    listeners = st.sampled_from(get_args(ListenerKind))
    waits = {
        "barrier_wait": st.sampled_from(["500ms", "1s", "7s"]),
        "barrier_pending": st.sampled_from(["0s", "2s", "20s", "30s"]),
    }
    tide = st.fixed_dictionaries(
        {
            "start_hour": st.sampled_from([0, 1, 9]),
            "start_minute": st.sampled_from([0, 1, 30]),
            "end_hour": st.sampled_from([0, 1, 17]),
            "end_minute": st.sampled_from([0, 1, 30]),
            "save_secs": st.sampled_from(["1s", "30s", "45s"]),
        }
    )
    return {
        **draw(_schedules()),
        **draw(_rarely({}, st.fixed_dictionaries({}, optional=waits))),
        "tide": draw(_rarely(None, tide)),
        "dump_mode": draw(_rarely(False, st.booleans())),
        "step_wait": draw(_rarely(None, st.sampled_from(["0s", "2s", "30s"]))),
        "guards": draw(_rarely([], st.lists(listeners, max_size=2))),
        "first_save": draw(_rarely(False, st.booleans())),
        "dense_only": draw(_rarely(False, st.booleans())),
        "save_graph_def": draw(_rarely(False, st.booleans())),
        "ignore_save_errors": draw(_rarely(False, st.booleans())),
        "listeners": draw(_rarely([], st.lists(listeners, max_size=3))),
    }


@st.composite
def _probe(draw: DrawFn, name: str) -> Document:
    phases = st.sampled_from(get_args(Phase))
    raises = st.fixed_dictionaries(
        {
            "phase": phases,
            "error": errors(),
            "times": st.sampled_from([1, 1, 1, 2, 3]),
            "skips": st.sampled_from([0, 0, 1, 2]),
        }
    )
    takes = st.sampled_from(["1s", "5s"])
    return {
        "name": name,
        "raises": draw(_rarely(None, raises)),
        "takes": draw(_rarely("0s", takes)),
    }


def _resilience() -> SearchStrategy[Document]:
    return st.fixed_dictionaries(
        {},
        optional={
            "poll_deadline": st.sampled_from(["1s", "5s", "40s"]),
            "report_deadline": st.sampled_from(["1s", "1m"]),
            "backoff": st.sampled_from(["500ms", "7s", "1m"]),
            "unreachable_after": st.integers(1, 3),
        },
    )


def _options(kind: str, probes: int) -> SearchStrategy[Document]:
    options: dict[str, SearchStrategy[Any]] = {}
    match kind:
        case "saver":
            return _saver()
        case "probe":
            return _probe(_PROBES[probes])
        case "ps_health":
            options["report"] = _rarely("record", st.sampled_from(["raise", "default"]))
            options["barrier"] = _rarely(True, st.booleans())
            options["resilient"] = _rarely(None, _resilience())
        case "server":
            folders = st.sampled_from(["model_dir", "missing", "file"])
            options["ip"] = _rarely("127.0.0.1", st.just("::1"))
            options["saver"] = _rarely(True, st.booleans())
            options["folder"] = _rarely("model_dir", folders)
        case "controller":
            options["barrier"] = options["saver"] = _rarely(True, st.booleans())
        case "call":
            options["phase"] = st.sampled_from(get_args(Phase))
            options["rpc"] = st.sampled_from(get_args(Method))
    return st.fixed_dictionaries(options)


@st.composite
def hooks(draw: DrawFn) -> list[Document]:
    """Draw the default three hooks, or fewer, with others among them, in any order."""
    kinds = list(draw(_rarely(_DEFAULT, st.sets(st.sampled_from(_DEFAULT)).map(sorted))))
    for kind in draw(st.lists(st.sampled_from(_BESIDES), max_size=4)):
        kinds.insert(draw(st.integers(0, len(kinds))), kind)
    for kind, needed in _NEEDS.items():
        if kind in kinds and needed not in kinds:
            kinds.insert(draw(st.integers(0, len(kinds))), needed)
    made: list[Document] = []
    for kind in kinds:
        if kind in _ONCE and any(kind in entry for entry in made):
            continue
        probes = sum("probe" in entry for entry in made)
        if probes < len(_PROBES) or kind != "probe":
            made.append({kind: draw(_options(kind, probes))})
    return made
