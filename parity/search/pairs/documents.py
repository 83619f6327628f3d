"""The scenario of each pair, with the results that the model predicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from parity.base.model import frozen
from parity.search.pairs.model import predict
from parity.search.pairs.operations import Steps
from parity.search.pairs.prediction import Answer, Prediction
from parity.search.pairs.table import Pair, pairs
from parity.search.pairs.yaml_text import Document, yaml_text
from parity.spec.scenario import Scenario

HEAD: Final = "# Made by `nox -s generated` from parity/search/pairs: change that, not this file."
_TAIL: Final = 5_000
"""The milliseconds in which everything that isn't held ends."""
_MARGIN: Final = 1
"""Milliseconds from an answer to its call's deadline, so that no later answer is accepted."""
_TIMED: Final = {"OK", "ALREADY_EXISTS"}
"""The codes for which the facts define the time of the answer. An operation that outlives its
session fails when it next uses it (B34), which can be at once or after a slow write."""


def scenario_texts() -> Iterator[tuple[str, str]]:
    """Yield the name of each pair's scenario and its YAML, without the line for editors."""
    for pair in pairs():
        yield pair.name, f"{HEAD}\n{yaml_text(document(pair))}"


def _by_number(clause: str) -> tuple[int, str]:
    """Return the key that sorts clauses by number: ``B30g`` after ``B9``."""
    number = clause[1:].rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(number), clause


def document(pair: Pair) -> Document:
    """Return the scenario of a pair."""
    under_way, arrival = pair.under_way, pair.arrival
    hooks = tuple(dict.fromkeys((*under_way.hooks, *arrival.hooks)))
    saver = dict(under_way.saver)
    played: Document = {
        "about": pair.name,
        "covers": sorted({*under_way.covers, *arrival.covers}, key=_by_number),
        "needs": ["exact_time"],
        "cluster": {"workers": under_way.workers},
        "machines": [{"ps": 0, "mem_limit": "8GiB"}] if "ps_health" in hooks else [],
        "barrier": {"callbacks": [under_way.callback]},
        "hooks": [
            *(hook for hook in hooks if hook != "query_action"),
            {"saver": saver} if saver else "saver",
            "server",
            *(hook for hook in hooks if hook == "query_action"),
        ],
        "faults": list(_faults(pair)),
        "steps": list(_steps(pair)),
        "expect": {"raised": None},
    }
    prediction = predict(Scenario.model_validate(frozen(played)))
    steps = [(step, prediction.answers.get(i)) for i, step in enumerate(played["steps"])]
    arrived = next((answer for step, answer in steps if "after" in step), None)
    played["about"] = _about(pair, arrived, prediction)
    played["steps"] = [_answered(*each) for each in steps]
    played["expect"] = _expect(prediction)
    return {key: value for key, value in played.items() if value or key == "expect"}


def _faults(pair: Pair) -> Steps:
    """Return the faults that make both operations slow, each fault once."""
    if pair.under_way.faults or pair.under_way.saves_at_once:
        return pair.under_way.faults
    return pair.arrival.faults


def _steps(pair: Pair) -> Iterator[Document]:
    under_way, arrival = pair.under_way, pair.arrival
    yield {"train": 1}
    yield from under_way.setup
    yield from arrival.setup
    lead = under_way.begins_at
    if arrival.comes_at is not None:
        lead = arrival.comes_at - pair.offset
    if lead:
        yield {"advance": _duration(lead)}
    later = [step for step in arrival.steps if _goes_beside(step, pair)]
    then = [step for step in arrival.steps if step not in later]
    background = [{"background": step, "after": _duration(pair.offset)} for step in later]
    if under_way.lane == "main":
        yield from background
        yield from under_way.begin
    else:
        yield from under_way.begin
        yield from background
        if then or arrival.lane == "thread":
            yield {"advance": _duration(pair.offset)}
    yield from then
    if "controller" in arrival.hooks and arrival.lane == "thread" and not _ends(pair):
        yield {"train": 1}
    if not _ends(pair):
        yield {"advance": _duration(_TAIL)}


def _goes_beside(step: Document, pair: Pair) -> bool:
    """Return whether a step of the arrival has a lane of its own."""
    if pair.arrival.lane == "background":
        return True
    return pair.under_way.lane == "main" and "controller_op" in step


def _ends(pair: Pair) -> bool:
    return any("end" in step for step in (*pair.under_way.begin, *pair.arrival.steps))


def _answered(step: Document, answer: Answer | None) -> Document:
    """Return a step with what the model says of its call."""
    if answer is None:
        return step
    call = dict(step.get("background", step))
    if answer.code in _TIMED:
        call["deadline"] = _duration(answer.took + _MARGIN)
    if answer.code != "OK":
        call["expect"] = answer.code
    if answer.response is not None:
        call["response"] = answer.response
    return {**step, "background": call} if "background" in step else call


def _expect(prediction: Prediction) -> Document:
    expect: Document = {
        "barrier": prediction.barrier,
        "callbacks": prediction.callbacks,
        "saves": prediction.saves,
        "global_step": prediction.global_step,
    }
    if "ps_health" in prediction.threads:
        expect["reported"] = prediction.reported
    if prediction.threads:
        expect["threads"] = prediction.threads
    return {**expect, "raised": prediction.raised}


def _about(pair: Pair, answer: Answer | None, prediction: Prediction) -> str:
    where = "in the middle" if pair.position == "during" else "at the very end"
    sentence = f"{pair.arrival.is_} comes {where} of {pair.under_way.is_}"
    if prediction.raised is not None:
        return f"{sentence}, and raises {prediction.raised}."
    if answer is None:
        return f"{sentence}."
    if answer.code not in _TIMED:
        return f"{sentence}, and is answered {answer.code}."
    wait = "at once" if answer.took == 0 else f"after {answer.took / 1000:g} s"
    return f"{sentence}, and is answered {answer.code} {wait}."


def _duration(milliseconds: int) -> str:
    if milliseconds % 1000:
        return f"{milliseconds}ms"
    return f"{milliseconds // 1000}s"
