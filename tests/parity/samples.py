"""Small scenarios, traces and players for the tests of parity."""

from __future__ import annotations

from pathlib import Path

from parity.base.model import frozen
from parity.players.outcome import IN_VIRTUAL_TIME, Outcome, Played
from parity.report.report import Header, Report, make_footer
from parity.spec.loading import ScenarioFile
from parity.spec.scenario import Scenario
from parity.spec.trace import CHANNELS, Trace
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences
from parity.verdict.record import Record

SESSION = {"kind": "session", "lane": "main", "ms": 0, "state": "created"}
PLACED = {"kind": "barrier", "lane": "ps_health", "ms": 0, "blocked": [0]}
REPORT = {
    "kind": "report",
    "lane": "ps_health",
    "ms": 0,
    "results": [{"ps": 1, "status": "OUT_OF_MEMORY", "message": "too much"}],
}
STEP = {"kind": "step", "lane": "main", "ms": 0, "worker": 0, "global_step": 1}


def stop(code="OK", lane="main", ms=0, call=None):
    return {
        "kind": "rpc",
        "lane": lane,
        "ms": ms,
        "call": call or ("steps[0]" if lane == "main" else "steps[0].concurrently"),
        "method": "StopTraining",
        "code": code,
        "details": None if code == "OK" else "Barrier is placed already.",
        "response": {} if code == "OK" else None,
    }


def scenario(**keys) -> Scenario:
    document = {"about": "a sample", "steps": [{"train": 1}], "expect": {"reports": 0}, **keys}
    return Scenario.model_validate(frozen(document))


def scenario_file(name="sample", **keys) -> ScenarioFile:
    return ScenarioFile(name, Path(f"{name}.yaml"), scenario(**keys))


def trace(*events, struck=None) -> Trace:
    return Trace.from_json({"events": list(events), "struck": struck or {}})


class Script:
    """A player that gives these outcomes, the last of them for ever."""

    can = IN_VIRTUAL_TIME
    channels = CHANNELS

    def __init__(self, *outcomes: Outcome | Trace, name="scripted") -> None:
        self._outcomes = [Played(each) if isinstance(each, Trace) else each for each in outcomes]
        self.name = name
        self.plays = 0

    def play(self, file: ScenarioFile, seed=None, schedule=None) -> Outcome:
        self.plays += 1
        return self._outcomes[min(self.plays, len(self._outcomes)) - 1]

    def close(self) -> None:
        pass


def judged(reference, peer=None, name="sample", **keys) -> Record:
    """The record of a scenario that these two played; the same twice without a peer."""
    theirs = reference if peer is None else peer
    judge = Judge(Script(reference, name="python"), Script(theirs, name="rust"), KnownDifferences())
    return judge.judge(scenario_file(name, **keys))


def report_of(*records: Record, interrupted=False, **header) -> Report:
    known = {
        "reference": "python",
        "peer": "rust",
        "note": "",
        "seed": None,
        "rust_source_digest": "sha256:0",
        "began": "2026-01-02T03:04:05+00:00",
        **header,
    }
    of = Header(scenarios=len(records), **known)
    footer = make_footer(of, records, interrupted=interrupted)
    return Report(header=of, records=records, footer=footer)
