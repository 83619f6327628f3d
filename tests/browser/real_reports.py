"""Reports of the project's own scenarios with their recorded traces, one of them spoilt."""

from __future__ import annotations

import json
from pathlib import Path

from parity import project
from parity.judge import Judge
from parity.known import KnownDifferences
from parity.loading import ScenarioFile, load_scenario
from parity.players.outcome import Failed, Outcome, Played, Skipped
from parity.players.recorded import recording_path
from parity.report import Header, Report, make_footer
from parity.reports.folder import write_rendered
from parity.trace import Trace
from parity.verdict import Record, exit_code

PLANTED = "health/oom"


class Teller:
    """A player that tells one outcome."""

    def __init__(self, name: str, outcome: Outcome) -> None:
        self.name, self._outcome = name, outcome

    def play(self, file: ScenarioFile, seed: int | None = None) -> Outcome:
        return self._outcome

    def close(self) -> None:
        pass


def recorded(name: str) -> Trace:
    document = json.loads(recording_path(project.RECORDED, name).read_text(encoding="utf-8"))
    return Trace.from_json(document["trace"])


def record(name: str, peer: Outcome | None = None) -> Record:
    """The recorded trace as the reference's, against this peer; against itself without one."""
    file = load_scenario(project.SCENARIOS / f"{name}.yaml", project.SCENARIOS)
    ours = Played(recorded(name))
    judge = Judge(Teller("python", ours), Teller("rust", peer or ours), KnownDifferences())
    return judge.judge(file)


def reported_twice(name: str) -> Trace:
    """The trace of a port that reports an unhealthy PS twice."""
    events = list(recorded(name).events)
    at = next(i for i, event in enumerate(events) if event.kind == "report")
    return Trace.of([*events[: at + 1], *events[at:]], recorded(name).struck)


def all_records() -> list[Record]:
    """Every scenario that is recorded; one differs, one failed, one was skipped."""
    peers: dict[str, Outcome] = {
        PLANTED: Played(reported_twice(PLANTED)),
        "health/basic": Failed("crashed", "it exited with status 101", "thread 'main' panicked"),
        "health/no_ps": Skipped("it lacks the capability cluster"),
    }
    names = [
        path.relative_to(project.RECORDED).with_suffix("").as_posix()
        for path in sorted(project.RECORDED.rglob("*.json"))
    ]
    return [record(name, peers.get(name)) for name in names]


def many(records: list[Record], count: int) -> list[Record]:
    """The same records over and over, under names of their own."""
    return [
        each.model_copy(update={"scenario": f"{each.scenario}_{i}"})
        for i, each in ((i, records[i % len(records)]) for i in range(count))
    ]


def report(records: list[Record]) -> Report:
    code = exit_code([each.verdict for each in records])
    header = Header(
        reference="python",
        peer="rust",
        note="",
        seed=None,
        scenarios=len(records),
        rust_source_digest="sha256:0",
        began="2026-01-02T03:04:05+00:00",
        versions={"python": "3.11.7", "tensorflow": "2.21.0"},
    )
    footer = make_footer(records, interrupted=False, exit_code=code)
    return Report(header=header, records=tuple(records), footer=footer)


def write_page(records: list[Record], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_rendered(report(records), folder)
    return folder / "index.html"
