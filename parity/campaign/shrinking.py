"""A smaller plan that still breaks a promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from parity.campaign.plan import Plan


def shrink(plan: Plan, breaks: Callable[[Plan], bool], most: int) -> Plan:
    """Leave out faults and calls as long as the plan breaks the promise.

    Time is real, so a plan that breaks it may not do so each time: what is left out may have
    been needed less than it seems, never more.

    Args:
        plan: It breaks the promise.
        breaks: Plays a plan, and returns whether that broke it.
        most: How many plans are tried at most.
    """
    left = most
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(plan):
            if left == 0:
                return plan
            left -= 1
            if breaks(candidate):
                plan, smaller = candidate, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Yield plans without one fault, without one operator, and without half of one's calls."""
    for i in range(len(plan.faults)):
        faults = plan.faults[:i] + plan.faults[i + 1 :]
        yield plan.model_copy(update={"faults": faults})
    for operator, calls in plan.calls.items():
        if calls:
            half = len(calls) // 2
            for kept in dict.fromkeys(((), calls[:half], calls[half:])):
                if len(kept) < len(calls):
                    yield plan.model_copy(update={"calls": {**plan.calls, operator: kept}})
