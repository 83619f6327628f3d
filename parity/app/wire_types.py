"""Which of the driver's wire types in Rust stand in which of its modules."""

from __future__ import annotations

from collections.abc import Iterator

from parity.app.rust_types import RustModule, Tagged
from parity.spec import hooks, protocol, rpcs, scenario, steps, trace


def wire_types() -> Iterator[tuple[str, str]]:
    """Each module, by the name of its file."""
    yield "events.rs", events()
    yield "protocol.rs", messages()
    yield "words.rs", scenario_words()


def events() -> str:
    """The module of a trace's events."""
    uses = ("use serde::{Deserialize, Serialize};",)
    module = RustModule("The events of a trace.", uses, {})
    module.written(
        Tagged("Event", "What was seen.", trace.Event, "kind", trace.BaseEvent, "TimedEvent")
    )
    return module.text()


def messages() -> str:
    """The module of the driver protocol's requests and answers."""
    uses = (
        "use std::collections::BTreeMap;",
        "",
        "use serde::{Deserialize, Serialize};",
        "use serde_json::Value;",
        "",
        "use super::events::{StatusCode, TimedEvent};",
    )
    known = {
        trace.Event: "TimedEvent", protocol.NamedScenario: "Value", rpcs.StatusCode: "StatusCode"
    }  # fmt: skip
    module = RustModule("The requests and answers of the driver protocol.", uses, known)
    module.read(Tagged("Request", "What the host says.", protocol.Request, "type"))
    module.written(Tagged("Answer", "What the driver answers.", protocol.AnyAnswer, "type"))
    return module.text()


def scenario_words() -> str:
    """The module of the words that a scenario's options may have."""
    module = RustModule("The words of a scenario.", ("use serde::{Deserialize, Serialize};",), {})
    for words in (
        scenario.SessionKind,
        scenario.CallbackKind,
        hooks.HealthReport,
        hooks.ListenerKind,
        hooks.ServerIp,
        hooks.ServerFolder,
        steps.ControllerOp,
        steps.TimerSwitch,
        steps.LookTarget,
    ):
        module.words(words)
    return module.text()
