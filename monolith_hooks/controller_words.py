"""What a run's controller answered, as a sentence and as the keys of a JSON object."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from monolith_hooks.run_status import Blocked, Details, Status

Answer = Status | Blocked | None


def sentence(answer: Answer) -> str:
    """Return an answer in words, which are empty if there is none but that it is done."""
    match answer:
        case Status(global_step, barrier, details):
            if details is None:
                return f"step {global_step}, {barrier.state}; {_workers(barrier)}"
            return "; ".join(
                (
                    f"step {global_step}, {barrier.state}{_held(details)}",
                    _workers(barrier),
                    _saved(details),
                    *_watched(details),
                )
            )
        case Blocked():
            return f"{answer.state}; {_workers(answer)}"
        case None:
            return ""


def _workers(barrier: Blocked) -> str:
    def listed(indices: Sequence[int]) -> str:
        return ", ".join(map(str, indices)) or "none"

    if not barrier.blocked and not barrier.free:
        return "no workers besides the chief, which is never held"
    return f"workers held: {listed(barrier.blocked)}; free: {listed(barrier.free)}"


def _held(details: Details) -> str:
    if not details.holds:
        return ""
    unhealthy = details.watch.unhealthy if details.watch is not None else ()
    names = []
    for hold in details.holds:
        name = hold.holder or "somebody without a name"
        if hold.holder == "ps_health" and unhealthy:
            name += f" (PS {', '.join(map(str, unhealthy))})"
        names.append(name)
    return f" for {_lasting(details.holds[0].seconds)} by {', '.join(names)}"


def _saved(details: Details) -> str:
    save = details.last_save
    if save is None:
        return "no save yet"
    failed = f" failed with {save.error}" if save.error else ""
    return f"last save: step {save.step}{failed}, {_lasting(save.seconds)} ago"


def _watched(details: Details) -> Iterator[str]:
    watch = details.watch
    if watch is None:
        return
    good = watch.good_poll_seconds
    poll = "no good poll yet" if good is None else f"last good poll {_lasting(good)} ago"
    alarms = f"{watch.alarms} alarm{'' if watch.alarms == 1 else 's'}"
    sick = f", unhealthy: {', '.join(map(str, watch.unhealthy))}" if watch.unhealthy else ""
    yield f"health: {poll}, {alarms}{sick}"


def _lasting(seconds: float) -> str:
    """Return a duration in its greatest whole unit."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def document(answer: Answer) -> dict[str, Any]:
    """Return the keys that a JSON object has of an answer."""
    match answer:
        case Status(global_step, barrier, details):
            more = {} if details is None else dataclasses.asdict(details)
            return {"global_step": global_step, **document(barrier), **more}
        case Blocked():
            return {"state": answer.state, **dataclasses.asdict(answer)}
        case None:
            return {}
