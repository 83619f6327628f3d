"""The Rust modules of the driver's wire types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from parity.app.rust_keyed import Keyed
from parity.app.rust_readers import RustType
from parity.app.rust_types import RustModule, Tagged
from parity.base import bounds
from parity.base.model import Model
from parity.spec import faults, hooks, protocol, rpcs, steps, trace
from parity.spec.kinds import kind_of

_UNREAD: Final[dict[type[Model], frozenset[str]]] = {
    protocol.NamedScenario: frozenset({"name", "about", "covers", "expect"}),
    hooks.Call: frozenset({"expect"}),
    steps.FaultStep: frozenset({"strikes"}),
    steps.RpcStep: frozenset({"expect", "details", "response", "error"}),
    steps.LookStep: frozenset({"expect"}),
}
"""The keys of a scenario that are for its readers and for the host, not for a driver."""


def wire_types() -> Iterator[tuple[str, str]]:
    """Yield the name of each module's file, and its text."""
    yield "events.rs", events()
    yield "protocol.rs", messages()
    yield "scenario.rs", scenario_document()


def events() -> str:
    """Return the module of a trace's events."""
    uses = ("use serde::{Deserialize, Serialize};",)
    module = RustModule("The events of a trace.", uses, {})
    module.written(
        Tagged("Event", "What was seen.", trace.Event, "kind", trace.BaseEvent, "TimedEvent")
    )
    module.constants("LISTED_FILES", trace.LISTED_FILES, "The files that are listed.")
    module.constants("LISTED_CHECKPOINTS", trace.LISTED_CHECKPOINTS, "Checkpoints are too.")
    module.constants("UNLISTED_FILES", trace.UNLISTED_FILES, "What begins so isn't listed.")
    module.constants("OTHER_FILES", (trace.OTHER_FILES,), "What any other file is listed as.")
    return module.text()


def messages() -> str:
    """Return the module of the driver protocol's requests and answers."""
    uses = (
        "use std::collections::BTreeMap;",
        "",
        "use serde::{Deserialize, Serialize};",
        "use serde_json::Value;",
        "",
        "use super::events::{StatusCode, TimedEvent};",
    )
    known = {
        trace.Event: RustType("TimedEvent"),
        protocol.NamedScenario: RustType("Value"),
        rpcs.StatusCode: RustType("StatusCode"),
    }
    module = RustModule("The requests and answers of the driver protocol.", uses, known)
    module.read(Tagged("Request", "What the host says.", protocol.Request, "type"))
    module.written(Tagged("Answer", "What the driver answers.", protocol.AnyAnswer, "type"))
    return module.text()


def scenario_document() -> str:
    """Return the module of a scenario in canonical JSON."""
    module = RustModule(
        "A scenario in canonical JSON.",
        (
            "use std::time::Duration;",
            "",
            "use monolith_training::errors::ErrorKind;",
            "use serde::de::IgnoredAny;",
            "use serde::{Deserialize, Serialize};",
            "",
            "use super::events::{FaultyFile, FileOperation, Method, Phase};",
            "use super::reading::{Hex, List, Maybe, Milliseconds, Number, Plain, Read, Text};",
        ),
        {
            rpcs.Method: RustType("Method"),
            hooks.Phase: RustType("Phase"),
            faults.FaultyFile: RustType("FaultyFile"),
            faults.FileOperation: RustType("FileOperation"),
            faults.ErrorName: RustType("ErrorKind", "ErrorName"),
            hooks.AnyHook: RustType("Hook"),
            faults.AnyFault: RustType("Fault"),
            steps.AnyStep: RustType("Step"),
            steps.AnyBackgroundStep: RustType("InBackground"),
            steps.AnyConcurrentStep: RustType("ConcurrentStep"),
        },
        unread=_UNREAD,
        derives="Clone, Debug, Deserialize",
        bounded=True,
    )
    module.constant("LONGEST_TIME", bounds.LONGEST_TIME, "Milliseconds of all advances together.")
    module.constant("MOST_STEPS", bounds.MOST_STEPS, "Training steps of all steps together.")
    module.constant("MOST_LANES", bounds.MOST_LANES, "Calls in the background, all together.")
    module.struct(protocol.NamedScenario, "Scenario")
    _hooks_faults_and_steps(module)
    module.remote_words(faults.ErrorName, "ErrorKind")
    return module.text()


def _hooks_faults_and_steps(module: RustModule) -> None:
    all_hooks = Keyed("Hook", "A hook of the chief.", get_args(hooks.AnyHook))
    all_hooks.enum(module)
    all_hooks.kinds(module, "HOOKS")
    in_virtual_time = (
        fault for fault in get_args(faults.AnyFault) if kind_of(fault) not in faults.NEED_OF_FAULT
    )
    all_faults = Keyed("Fault", "A fault that is injected.", tuple(in_virtual_time))
    all_faults.enum(module)
    all_faults.ps_method(module)
    all_faults.kinds(module, "FAULTS")
    all_steps = Keyed("Step", "A step of the scenario.", get_args(steps.AnyStep))
    all_steps.enum(module)
    all_steps.key_method(module)
    all_steps.ps_method(module)
    all_steps.kinds(module, "STEPS")
    all_steps.options(module, "STEP_OPTIONS")
    in_background = get_args(steps.AnyBackgroundStep)
    Keyed("InBackground", "A step that is done in the background.", in_background).enum(module)
    concurrent = get_args(steps.AnyConcurrentStep)
    Keyed("ConcurrentStep", "A step at the same instant as others.", concurrent).enum(module)
