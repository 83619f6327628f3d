"""Histories that nothing is wrong with, to be spoilt."""

from __future__ import annotations

from parity.campaign.history import (
    Aftermath,
    Happened,
    History,
    MadeCall,
    MadeFault,
    TakenStep,
)
from parity.campaign.plan import PlannedFault, draw_plan

SECOND = 1_000_000


def call(kind, invoked, returned=None, outcome="ok", operator="alice", **fields):
    returned = invoked + 1000 if returned is None else returned
    return MadeCall(
        operator=operator,
        call=kind,
        invoked=invoked,
        returned=returned,
        outcome=outcome,
        **fields,
    )


def look(at, *blocked, **fields):
    return call("look", at, blocked=blocked, **fields)


def fault(trouble, target, began, ended):
    planned = PlannedFault(at=began, trouble=trouble, target=target, length=ended - began)
    return MadeFault(fault=planned, began=began, effective=began, mending=ended, ended=ended)


def steps(*numbers, worker=1, since=0):
    return tuple(
        TakenStep(worker=worker, step=number, at=since + 1000 * i)
        for i, number in enumerate(numbers)
    )


def happened(what, at, **fields):
    return Happened(what=what, at=at, of="chief", **fields)


def history(*calls, faults=(), steps=(), events=(), setup="options", **aftermath):
    after = {
        "mended": 20 * SECOND,
        "resumed": 21 * SECOND,
        "ended": 22 * SECOND,
        "stuck": (),
        "watched": True,
        "saved": None,
        "left_behind": (),
        **aftermath,
    }
    return History(
        plan=draw_plan(0, setup),
        calls=calls,
        faults=faults,
        steps=steps,
        happened=(happened("session", 0), *events),
        aftermath=Aftermath(**after),
    )
