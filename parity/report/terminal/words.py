"""What an event or a fault comes to, in a few words."""

from __future__ import annotations

from parity.base.model import canonical_json
from parity.spec.injections import Injection
from parity.spec.trace import (
    BarrierEvent,
    Event,
    HookEvent,
    LogEvent,
    RaisedEvent,
    ReportEvent,
    RpcEvent,
    SaveEvent,
    SessionEvent,
    StepEvent,
    ThreadEvent,
    event_to_json,
)


def fields_of(event: Event) -> str:
    """Everything that the event has beside time, lane and kind, as ``key=value``."""
    document = event_to_json(event)
    for said in ("ms", "lane", "kind"):
        del document[said]
    return " ".join(f"{key}={canonical_json(value)}" for key, value in document.items())


def in_words(event: Event) -> str:  # noqa: PLR0911 - a kind of event each
    """What the lane has just done; kinds without words of their own show their fields."""
    match event:
        case SessionEvent(state=state):
            return f"session {state}"
        case HookEvent(hook=hook, phase=phase):
            return f"{hook} in {phase}"
        case StepEvent(global_step=step):
            return f"trained to step {step}"
        case ReportEvent(results=results):
            said = ", ".join(f"PS {each.ps} {each.status or 'without status'}" for each in results)
            return f"reported {said}"
        case BarrierEvent(blocked=blocked):
            return f"barrier now {list(blocked)}"
        case RpcEvent(method=method, code=code):
            return f"{method}: {code}"
        case SaveEvent(step=step):
            return f"saved step {step}"
        case LogEvent(message=message):
            return f"logged {canonical_json(message)}"
        case RaisedEvent(error=error, message=message):
            return f"raised {error}: {message}"
        case ThreadEvent(fate=fate, error=error):
            return f"thread {fate}" if error is None else f"thread {fate}: {error}"
        case _:
            return f"{event.kind} {fields_of(event)}".rstrip()


def fault_in_words(fault: Injection) -> str:
    """What was injected."""
    return f"{fault.kind} {fault.text}".rstrip()
