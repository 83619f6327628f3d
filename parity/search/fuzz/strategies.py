"""Strategies for whole scenarios, all of them valid, that cover the entire model."""

from __future__ import annotations

from typing import Any, Final

import hypothesis
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from parity.search.fuzz.case import RECREATED, Case, scenario_of
from parity.search.fuzz.hook_strategies import hooks
from parity.search.fuzz.step_strategies import CALLBACKS, LIMITS, SIZES, faults, steps
from parity.spec.scenario import Scenario

BATCH: Final = 25


def batch(seed: int, number: int, count: int = BATCH) -> list[Case]:
    """Return the first ``count`` scenarios of one batch."""
    made: list[tuple[Scenario, int | None]] = []

    @hypothesis.seed(f"{seed}/{number}")
    @hypothesis.settings(
        max_examples=BATCH + 1,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(st.tuples(scenarios(), seeds()))
    def take(case: tuple[Scenario, int | None]) -> None:
        made.append(case)

    take()
    first = number * BATCH
    return [
        Case(f"fuzz/{seed}/{first + i}", scenario, order)
        for i, (scenario, order) in enumerate(made[1 : count + 1])
    ]


Document = dict[str, Any]
_SLOTS: Final = (0, 1, 5, 5, 9, 10, 102_398, 102_399, 102_400, 2**31, 2**32 + 5, 2**63 - 1)


@st.composite
def _machines(draw: DrawFn, ps: int) -> list[Document]:
    options = st.fixed_dictionaries(
        {"rss": st.sampled_from(SIZES), "mem_limit": st.sampled_from(LIMITS)}
    )
    mentioned = draw(st.sets(st.integers(0, ps - 1))) if ps else set()
    return [{"ps": index, **draw(options)} for index in sorted(mentioned)]


def _global_steps() -> SearchStrategy[int | None]:
    """Return a strategy: 0 half of the time, else numbers where digits or bits are added."""
    longer = st.sampled_from([7, 8, 9, 97, 98, 99])
    wider = st.sampled_from([2**31 - 2, 2**31 - 1, 2**32 - 1, 2**53, 2**63 - 2])
    return st.one_of(st.just(0), st.just(0), longer, st.one_of(wider, wider, st.none()))


def _tables() -> SearchStrategy[list[Document]]:
    """Return a strategy: one to three tables, few of which are multi hash tables."""
    table = st.fixed_dictionaries(
        {
            "slots": st.lists(st.sampled_from(_SLOTS), max_size=4),
            "device": st.integers(0, 1),
            "multi": st.sampled_from([False] * 9 + [True]),
        }
    )
    return st.lists(table, min_size=1, max_size=3)


def _barriers() -> SearchStrategy[Document]:
    callbacks = st.lists(CALLBACKS, max_size=2)
    wait = st.sampled_from(["1s", "1s", "500ms", "2s", "7s"])
    held = st.sampled_from([False, False, False, True])
    return st.fixed_dictionaries({"callbacks": callbacks, "wait": wait, "held": held})


@st.composite
def scenarios(draw: DrawFn) -> Scenario:
    """Draw a valid scenario without expectations."""
    ps = draw(st.sampled_from([*[1, 2, 1, 3, 0] * 4, 12, 120]))
    workers = draw(st.sampled_from([*[2, 1, 3, 4] * 5, 12, 200]))
    capacity = draw(st.sampled_from([None, None, None, workers + 1, max(1, workers - 1)]))
    of_chief = draw(hooks())
    global_step = draw(_global_steps())
    if global_step is None:
        _leave_out_savers(of_chief)
    kinds = {kind for entry in of_chief for kind in entry}
    barrier = draw(_barriers())
    has = kinds | ({"callback"} if barrier["callbacks"] else set())
    savers = [entry["saver"] for entry in of_chief if "saver" in entry]
    of_savers = [saver["listeners"] + saver["guards"] for saver in savers]
    listeners = max(map(len, of_savers), default=0)
    counts_slots = any("slot_counts" in each for each in of_savers)
    document: Document = {
        "about": "Nobody thought of this: it was generated.",
        "cluster": {"ps": ps, "workers": workers, "capacity": capacity},
        "session": draw(st.sampled_from(["monitored", "monitored", "singular"])),
        "global_step": global_step,
        "default_mem_limit": draw(st.sampled_from([None, None, None, 0, 2**40])),
        "machines": draw(_machines(ps)),
        "tables": draw(_tables()) if counts_slots else [],
        "barrier": barrier,
        "hooks": of_chief,
        "faults": draw(st.lists(faults(ps, listeners, kinds), max_size=2)),
        "steps": draw(steps(ps, workers, has, listeners)),
    }
    _keep_servers(document, recreated=any(error in str(document) for error in RECREATED))
    scenario = scenario_of(document)
    assert scenario is not None, f"the generator made a scenario that isn't valid: {document}"
    return scenario


def _leave_out_savers(hooks: list[Document]) -> None:
    """Keep only the hooks that can do without a global step."""
    hooks[:] = [entry for entry in hooks if "saver" not in entry]
    for entry in hooks:
        if "server" in entry:
            entry["server"]["saver"] = False


def _keep_servers(document: Document, *, recreated: bool) -> None:
    """Remove impossible servers from calls, and all servers where a session is recreated.

    An unreferenced server stops at an instant that real time decides.
    """
    servers = sum("server" in entry for entry in document["hooks"])
    most = 0 if recreated else servers if document["session"] == "singular" else 2 * servers
    for step in document["steps"]:
        for call in (step, step.get("background", {}), *step.get("concurrently", ())):
            if (call.get("server") or 0) > most:
                del call["server"]


def seeds() -> SearchStrategy[int | None]:
    """Return a strategy: the default order half of the time, else a seed."""
    return st.none() | st.integers(0, 2**32 - 1)
