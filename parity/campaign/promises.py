"""What must hold of every history, by default or by option."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from parity.campaign.barrier_models import NOBODY, BarrierModel, new_sessions
from parity.campaign.history import History, MadeCall, MadeFault
from parity.campaign.linearizability import find_violation
from parity.campaign.plan import (
    POLL,
    POLL_DEADLINE,
    PS,
    UNREACHABLE_AFTER,
    WORKERS,
    HookSetup,
)

WATCH_BOUND: Final = POLL + (1 + UNREACHABLE_AFTER * PS) * POLL_DEADLINE + POLL
"""Microseconds in which a resilient watch reports a PS, with a second for a busy machine."""
_FIRST_POLL: Final = 1_500_000
"""Microseconds in which the first poll of a session is over. TensorFlow knows no deadline for the
first run of anything, so a PS that is stopped meanwhile holds the watch (docs/production.md)."""
_SLACK: Final = 50_000
"""Microseconds that an event may be late: it is told through a pipe."""


@dataclass(frozen=True)
class Promise:
    """A statement about a history.

    Args:
        name: The statement, which is its row in docs/production.md.
        breaches: Yields what contradicts it, each in a sentence.
        chances: Counts the occasions on which a history could contradict it.
        holds: Where it must hold. Elsewhere breaches are counted.
    """

    name: str
    breaches: Callable[[History], Iterator[str]]
    chances: Callable[[History], int]
    holds: frozenset[HookSetup]


def _not_linearizable(history: History, *, has_holders: bool) -> Iterator[str]:
    operations = BarrierModel(has_holders=has_holders).operations(history)
    violation = find_violation(operations, NOBODY)
    if violation is not None:
        last = "; ".join(violation.order[-5:]) or "the start"
        held = ", ".join(sorted(violation.state)) or "nobody"
        yield f"after {last}, with {held} holding it, none can be next of: " + "; ".join(
            violation.stuck
        )


def _barrier_calls(history: History) -> int:
    return sum(call.outcome in ("ok", "refused") for call in history.calls)


def _released(history: History) -> list[int]:
    """Return when workers may have been let go, or looked so: ascending."""
    moments = [
        *(call.invoked for call in history.calls if call.call in ("resume", "save")),
        *(since for since, _ in new_sessions(history)),
        *(fault.began for fault in history.faults),
        history.aftermath.mended,
    ]
    return sorted(moments)


def _held_spans(history: History) -> Iterator[tuple[int, int, int]]:
    """Yield a worker, and from when to when it must be still: seen held, and not let go yet."""
    for look in history.calls:
        if look.call != "look" or look.outcome != "ok" or 0 not in (look.blocked or ()):
            continue
        if _is_disturbed(history, look):
            continue
        until = min(
            (at for at in _released(history) if at >= look.invoked),
            default=history.aftermath.mended,
        )
        for worker in look.blocked or ():
            if worker > 0:
                yield worker, look.returned, until


def _is_disturbed(history: History, look: MadeCall) -> bool:
    """Whether a bit may be of a worker that was killed, or be about to be cleared."""
    pending = any(
        call.call in ("resume", "save")
        and call.invoked <= look.returned
        and (call.returned >= look.invoked or call.outcome == "unknown")
        for call in history.calls
    )
    restarted = any(
        fault.fault.trouble == "kill" and fault.began <= look.returned for fault in history.faults
    )
    return pending or restarted


def _steps_of_held_workers(history: History) -> Iterator[str]:
    for worker, since, until in _held_spans(history):
        for step in history.steps:
            if step.worker == worker and since + _SLACK < step.at < until:
                yield (
                    f"worker {worker}, seen held at {since} µs and not let go before {until} µs, "
                    f"took step {step.step} at {step.at} µs"
                )
                break


def _acknowledged(history: History) -> list[MadeCall]:
    return [call for call in history.calls if call.call == "save" and call.outcome == "ok"]


def _lost_saves(history: History) -> Iterator[str]:
    sessions = new_sessions(history)
    for call in _acknowledged(history):
        meanwhile = any(since <= call.returned and at >= call.invoked for since, at in sessions)
        if call.saved is None:
            yield f"{call.operator}'s save, acknowledged at {call.returned} µs, wrote nothing"
        elif not meanwhile and call.step_before is not None and call.saved < call.step_before:
            yield (
                f"{call.operator}'s save at step {call.step_before} or later was acknowledged, "
                f"and the newest checkpoint was of step {call.saved}"
            )
    acknowledged = max((call.saved or 0 for call in _acknowledged(history)), default=0)
    if acknowledged and (history.aftermath.saved or 0) < acknowledged:
        yield (
            f"a save of step {acknowledged} was acknowledged, and what can be restored at the end "
            f"is of step {history.aftermath.saved}"
        )


def _lost_steps(history: History) -> Iterator[str]:
    """Compare the steps that were told since the last disturbance with the global step.

    The steps that are under way at the end are told by nobody, one of each process at most.
    """
    sessions = [each.at for each in history.happened if each.what == "session"]
    since = max([*sessions, *(fault.ended for fault in history.faults)]) + _SLACK
    # A held worker tells of its step once it is let go, so the numbers count, not the times.
    first = max((step.step for step in history.steps if step.at <= since), default=0)
    told = [step.step for step in history.steps if step.at > since and step.step > first]
    counted = max(told, default=first) - first
    if abs(counted - len(told)) > WORKERS:
        yield f"the global step went up by {counted} while {len(told)} steps were taken"


def _stuck(history: History) -> Iterator[str]:
    for name in history.aftermath.stuck:
        yield f"{name} took no step although all was mended and the workers were let go"


def _unhealthy_spans(history: History) -> Iterator[tuple[int, MadeFault, int]]:
    """Yield each PS that was unhealthy for the watch's bound, undisturbed, and its deadline."""
    for fault in history.faults:
        ps = _unhealthy_ps(fault)
        if ps is None or _may_hold_first_poll(history, fault):
            continue
        calm = max(
            [
                fault.effective,
                *(at for since, at in new_sessions(history) if since < fault.ended),
                *(
                    other.ended
                    for other in history.faults
                    if other is not fault and other.began < fault.ended
                ),
            ]
        )
        if fault.mending >= calm + WATCH_BOUND:
            yield ps, fault, calm + WATCH_BOUND


def _may_hold_first_poll(history: History, fault: MadeFault) -> bool:
    return any(
        each.what == "session" and fault.began < each.at + _FIRST_POLL and each.at < fault.ended
        for each in history.happened
    )


def _unhealthy_ps(fault: MadeFault) -> int | None:
    trouble, target = fault.fault.trouble, fault.fault.target
    if trouble in ("stop", "memory") and target.startswith("ps-"):
        return int(target.removeprefix("ps-"))
    if trouble in ("stall", "cut") and target.startswith("chief ps-"):
        return int(target.removeprefix("chief ps-"))
    return None


def _unreported(history: History) -> Iterator[str]:
    for ps, fault, deadline in _unhealthy_spans(history):
        # One that was unhealthy until just before may not have been seen healthy in between.
        since = min(
            other.began
            for other in history.faults
            if _unhealthy_ps(other) == ps
            and other.began <= fault.began <= other.ended + WATCH_BOUND
        )
        reported = any(
            each.what == "report" and ps in each.ps and since <= each.at <= deadline
            for each in history.happened
        )
        if not reported:
            yield (
                f"PS {ps}: {fault.fault.trouble} of {fault.fault.target} at {fault.began} µs "
                f"wasn't reported by {deadline} µs"
            )


def _unwatched(history: History) -> Iterator[str]:
    if not history.aftermath.watched:
        yield "a PS that ran out of memory once all was mended wasn't reported"


def _left_behind(history: History) -> Iterator[str]:
    yield from history.aftermath.left_behind


def _one(history: History) -> int:
    del history
    return 1


_BOTH: Final = frozenset[HookSetup](("default", "options"))
_BY_OPTION: Final = frozenset[HookSetup](("options",))

PROMISES: Final = (
    Promise(
        "stop, resume and look are linearizable",
        lambda history: _not_linearizable(history, has_holders=False),
        _barrier_calls,
        frozenset[HookSetup](("default",)),
    ),
    Promise(
        "a stop lasts until somebody resumes, whoever saves meanwhile",
        lambda history: _not_linearizable(history, has_holders=True),
        _barrier_calls,
        _BY_OPTION,
    ),
    Promise(
        "a worker that is seen held takes no step until it is let go",
        _steps_of_held_workers,
        lambda history: sum(1 for _ in _held_spans(history)),
        _BOTH,
    ),
    Promise(
        "a save that is acknowledged can be restored, and holds what was trained before",
        _lost_saves,
        lambda history: len(_acknowledged(history)),
        _BOTH,
    ),
    Promise(
        "the global step counts each step once, once all is mended",
        _lost_steps,
        _one,
        _BOTH,
    ),
    Promise(
        "everybody trains again once all is mended and somebody resumes",
        _stuck,
        _one,
        _BOTH,
    ),
    Promise(
        "a PS that is out of memory or gives no answer is reported within the bound",
        _unreported,
        lambda history: sum(1 for _ in _unhealthy_spans(history)),
        _BY_OPTION,
    ),
    Promise(
        "the health watch is alive at the end of the run",
        _unwatched,
        _one,
        _BY_OPTION,
    ),
    Promise("no process and no port is left behind", _left_behind, _one, _BOTH),
)
