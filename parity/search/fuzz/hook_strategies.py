"""Strategies for the chief's hooks: which, in which order, and with which options."""

from __future__ import annotations

from typing import Any, Final, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from parity.search.fuzz.case import RECREATED
from parity.spec.faults import ErrorName
from parity.spec.hooks import Phase
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
    "ps_health",
    "saver",
)
_NEEDS: Final = {"server": "saver", "query_action": "controller"}
_PROBES: Final = "ABCD"


def errors() -> SearchStrategy[str]:
    """Return a strategy for errors; a third of them recreate a session or end it silently."""
    special = (*RECREATED, "OutOfRangeError", "ValueError")
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
    listeners = st.sampled_from(["plain", "before", "after", "stops", "after_stops"])
    return {
        **draw(_schedules()),
        "first_save": draw(_rarely(False, st.booleans())),
        "dense_only": draw(_rarely(False, st.booleans())),
        "ignore_save_errors": draw(_rarely(False, st.booleans())),
        "listeners": draw(_rarely([], st.lists(listeners, max_size=3))),
    }


@st.composite
def _probe(draw: DrawFn, name: str) -> Document:
    phases = st.sampled_from(get_args(Phase))
    raises = st.fixed_dictionaries(
        {"phase": phases, "error": errors(), "times": st.sampled_from([1, 1, 1, 2, 3])}
    )
    return {"name": name, "raises": draw(_rarely(None, raises))}


def _options(kind: str, probes: int) -> SearchStrategy[Document]:
    match kind:
        case "ps_health":
            report = _rarely("record", st.sampled_from(["raise", "default"]))
            barrier = _rarely(True, st.booleans())
            return st.fixed_dictionaries({"report": report, "barrier": barrier})
        case "saver":
            return _saver()
        case "server":
            ip = _rarely("127.0.0.1", st.just("::1"))
            folder = _rarely("model_dir", st.sampled_from(["model_dir", "missing", "file"]))
            return st.fixed_dictionaries({"ip": ip, "folder": folder})
        case "probe":
            return _probe(_PROBES[probes])
        case "call":
            phase, rpc = st.sampled_from(get_args(Phase)), st.sampled_from(get_args(Method))
            return st.fixed_dictionaries({"phase": phase, "rpc": rpc})
        case _:
            return st.just({})


@st.composite
def hooks(draw: DrawFn) -> list[Document]:
    """The default three, or fewer, with others among them, in any order."""
    kinds = list(draw(_rarely(_DEFAULT, st.sets(st.sampled_from(_DEFAULT)).map(sorted))))
    for kind in draw(st.lists(st.sampled_from(_BESIDES), max_size=4)):
        kinds.insert(draw(st.integers(0, len(kinds))), kind)
    for kind, needed in _NEEDS.items():
        if kind in kinds and needed not in kinds:
            kinds.insert(draw(st.integers(0, len(kinds))), needed)
    made: list[Document] = []
    for kind in kinds:
        probes = sum("probe" in entry for entry in made)
        if probes < len(_PROBES) or kind != "probe":
            made.append({kind: draw(_options(kind, probes))})
    return made
