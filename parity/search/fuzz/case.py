"""A case of the fuzzer: a scenario without expectations, and a seed for its order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from parity.base.model import frozen
from parity.spec.faults import (
    FileError,
    FileErrorFault,
    ListenerError,
    ListenerErrorFault,
    SaveError,
    SaveErrorFault,
)
from parity.spec.loading import ScenarioFile
from parity.spec.references import bad_references
from parity.spec.scenario import Expect, Scenario

NOTHING: Final = Expect.model_construct()
"""No expectation at all; a file isn't allowed that, as its author must say what is right."""

RECREATED: Final = ("AbortedError", "UnavailableError")
"""The errors after which a monitored session is recreated."""

Document = dict[str, Any]
"""A scenario in the form of a file, with every default filled in, without ``expect``."""


@dataclass(frozen=True)
class Case:
    """One generated scenario; ``seed`` None is the default order."""

    name: str
    scenario: Scenario
    seed: int | None

    @property
    def file(self) -> ScenarioFile:
        """The case in the form that players take, though no such file exists."""
        return ScenarioFile(self.name, Path(f"{self.name}.yaml"), self.scenario)


def document_of(scenario: Scenario) -> Document:
    """Return the scenario without its expectations."""
    document: Document = scenario.model_dump(mode="json", by_alias=True, context="yaml")
    del document["expect"]
    return document


def scenario_of(document: Document) -> Scenario | None:
    """Return the scenario, without expectations; None if it isn't valid, or never ends."""
    try:
        scenario = Scenario.model_validate(frozen({**document, "expect": NOTHING}))
    except ValidationError:
        return None
    return None if any(bad_references(scenario)) or _never_ends(scenario) else scenario


def _never_ends(scenario: Scenario) -> bool:
    """Return whether a session would be recreated forever, as its creation or steps always fail."""
    injected = (
        *scenario.faults,
        *(step.fault for _, step in scenario.fault_steps()),
    )
    raised: list[SaveError | ListenerError | FileError] = [
        *(fault.save_error for fault in injected if isinstance(fault, SaveErrorFault)),
        *(fault.listener_error for fault in injected if isinstance(fault, ListenerErrorFault)),
        *(fault.file_error for fault in injected if isinstance(fault, FileErrorFault)),
    ]
    return scenario.session == "monitored" and any(
        each.error in RECREATED and each.times is None for each in raised
    )
