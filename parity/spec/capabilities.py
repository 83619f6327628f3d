"""The capabilities that a driver declares, and those that a scenario needs.

A word is a kind of hook, fault or step, as scenarios have them, or one of a few others. A driver
that names kinds is given only the scenarios that need no more; one that names none says itself
what it lacks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from parity.base.problems import did_you_mean
from parity.base.terminal_text import shortened
from parity.spec.faults import FAULTS
from parity.spec.hooks import HOOKS
from parity.spec.kinds import kind_of
from parity.spec.scenario import Scenario
from parity.spec.steps import STEPS, BackgroundStep, ConcurrentlyStep, FaultStep, Step

SEED: Final = "seed"
INTEROP: Final = "interop"
LOOK: Final = "look"
ACCESS: Final = "access"
OTHERS: Final[dict[str, str]] = {
    SEED: "it plays in the order of a seed or of a schedule",
    INTEROP: "it serves a controller and calls one, over real gRPC",
    LOOK: "it answers what it sees of addresses, machines, timers and checkpoints",
    ACCESS: "it serves a controller with TLS, tokens and an audit, and calls one",
}
"""The words that aren't kinds, each with what a driver that has it does."""
KINDS: Final = tuple(dict.fromkeys((*HOOKS, *FAULTS, *STEPS)))
"""The kinds of hooks, faults and steps; where two share a word, it stands for both."""


def check_capability(word: str) -> str:
    """Return the word.

    Raises:
        ValueError: There is no such capability.
    """
    if word not in OTHERS and word not in KINDS:
        hint = did_you_mean(word, (*OTHERS, *KINDS))
        raise ValueError(
            f"there is no capability {shortened(word)}{hint}; expected kinds of hooks, faults "
            f"and steps, {', '.join(OTHERS)}"
        )
    return word


def lacking(scenario: Scenario, capabilities: Collection[str], *, ordered: bool) -> tuple[str, ...]:
    """Return what a scenario needs that isn't among these, in the scenario's order.

    ``ordered`` says that it is played in the order of a seed or of a schedule. Nothing is
    lacking where no kind is named.
    """
    if not any(word in KINDS for word in capabilities):
        return ()
    needed = (*_kinds(scenario), *([SEED] if ordered else ()))
    return tuple(word for word in dict.fromkeys(needed) if word not in capabilities)


def _kinds(scenario: Scenario) -> Iterator[str]:
    for hook in scenario.hooks:
        yield kind_of(type(hook))
    for fault in scenario.faults:
        yield kind_of(type(fault))
    for step in scenario.steps:
        yield from _kinds_of_step(step)


def _kinds_of_step(step: Step) -> Iterator[str]:
    yield kind_of(type(step))
    match step:
        case BackgroundStep():
            yield from _kinds_of_step(step.background)
        case ConcurrentlyStep():
            yield from (kind_of(type(each)) for each in step.concurrently)
        case FaultStep():
            yield kind_of(type(step.fault))
        case _:
            pass
