"""The fuzzer's findings, written as scenario files that a person can read and run."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from parity.base.files import write_whole
from parity.base.model import Model
from parity.base.terminal_text import one_line
from parity.search.fuzz.case import document_of, scenario_of
from parity.search.fuzz.trial import Symptom
from parity.spec.hooks import SHORT_HOOKS
from parity.spec.scenario import Scenario
from parity.spec.summary import summarize
from parity.spec.trace import (
    ActionResponseEvent,
    ClientErrorEvent,
    CurrentSessionEvent,
    RpcEvent,
    Trace,
)
from parity.verdict.replay_line import replay_line

_KEY_OF_CHANNEL: Final = {
    "reports": "reported",
    "barrier": "barrier",
    "saves": "saves",
    "steps": "global_step",
    "hooks": "hook_order",
    "threads": "threads",
    "logs": "logs",
    "files": "files",
}
_BARE: Final = (*SHORT_HOOKS, "end")
Document = dict[str, Any]


class Finding(Model):
    """A scenario that shows something wrong, shrunk as far as possible."""

    case: str
    symptom: Symptom
    reason: str
    seed: int | None
    steps: int
    text: str
    """The scenario as YAML."""

    @property
    def slug(self) -> str:
        """Name of its file, which is the same for the same symptom."""
        words = re.sub(r"\W+", "_", str(self.symptom)).strip("_").lower()[:50]
        return f"{words}_{hashlib.sha256(str(self.symptom).encode()).hexdigest()[:4]}"

    def write(self, folder: Path, reference: str, peer: str) -> Path:
        """Write the file, with the command that plays it again."""
        path = folder / f"{self.slug}.yaml"
        replay = replay_line(path, peer, reference=reference, seed=self.seed)
        comment = (
            "yaml-language-server: $schema=../schema.json",
            f"Found by monolith-parity fuzz as {self.case}: {self.symptom}.",
            *self.reason.split("\n")[:4],
            f"Replay: {replay}",
            "What is expected is what the reference showed: hold it against docs/behaviour.md.",
        )
        write_whole(path, "".join(f"# {one_line(line)}\n" for line in comment) + self.text)
        return path


def yaml_of(scenario: Scenario, trace: Trace | None, channel: str) -> str:
    """Return the scenario in the shortest YAML, with the reference's results as expectations."""
    document = document_of(scenario)
    expect: Document = {"reports": 0}
    if trace is not None:
        _fill_in_calls(document, trace)
        _fill_in_looks(document, trace)
        _fill_in_strikes(document, trace)
        summary = summarize(scenario, trace).model_dump(mode="json")
        expect = {"reports": summary["reports"], "raised": summary["raised"]}
        if channel in _KEY_OF_CHANNEL:
            expect[_KEY_OF_CHANNEL[channel]] = summary[_KEY_OF_CHANNEL[channel]]
    full = scenario_of(document)
    assert full is not None, "an expectation makes no scenario invalid"
    short = full.model_dump(mode="json", by_alias=True, context="yaml", exclude_defaults=True)
    yaml, text = YAML(), io.StringIO()
    yaml.width = 100
    yaml.dump(_with_bare_names({**short, "expect": expect}), text)
    return text.getvalue()


def _fill_in_calls(document: Document, trace: Trace) -> None:
    answers: dict[str, list[RpcEvent | ClientErrorEvent]] = {}
    for event in trace.events:
        if isinstance(event, RpcEvent | ClientErrorEvent):
            answers.setdefault(event.call, []).append(event)
    for i, hook in enumerate(document["hooks"]):
        for event in answers.get(f"hooks[{i}].call", ())[:1]:
            if isinstance(event, RpcEvent):
                hook["call"]["expect"] = event.code
    for i, step in enumerate(document["steps"]):
        for call, place in (
            (step, f"steps[{i}]"),
            (step.get("background", {}), f"steps[{i}].background"),
            *((branch, f"steps[{i}].concurrently") for branch in step.get("concurrently", ())),
        ):
            if "rpc" in call:
                _expect(call, answers.get(place, []))


def _fill_in_looks(document: Document, trace: Trace) -> None:
    seen = iter(
        event.session if isinstance(event, CurrentSessionEvent) else event.response
        for event in trace.events
        if isinstance(event, CurrentSessionEvent | ActionResponseEvent)
    )
    for step in document["steps"]:
        if "look" in step:
            step["expect"] = next(seen, "none")


def _expect(call: Document, answers: list[RpcEvent | ClientErrorEvent]) -> None:
    """Expect the first answer to this method; each of concurrent calls takes one answer."""
    for event in answers:
        if event.method == call["rpc"]:
            answers.remove(event)
            if isinstance(event, RpcEvent):
                call["expect"] = event.code
            else:
                call["error"] = event.error
            return


def _fill_in_strikes(document: Document, trace: Trace) -> None:
    for i, step in enumerate(document["steps"]):
        if "fault" in step:
            step["strikes"] = trace.struck.get(f"steps[{i}].fault", True)


def _with_bare_names(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_bare_names(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in _BARE and next(iter(value.values())) == {}:
            return next(iter(value))
        return {key: _with_bare_names(item) for key, item in value.items()}
    return value
