"""Reports of the project's own scenarios as they were recorded, with one peer spoilt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from parity.players.choose import PlayerSpec, open_player
from parity.players.needs import play_if_able
from parity.players.outcome import IN_VIRTUAL_TIME, Failed, Outcome, Played, Skipped
from parity.report.page.html import render_html
from parity.report.page.matrices import Cell, Matrix, MatrixRow
from parity.report.report import Header, Report, make_footer
from parity.spec.loading import ScenarioFile, load_all
from parity.spec.schedules import Schedule
from parity.spec.trace import CHANNELS, Trace
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences
from parity.verdict.record import Record

PLANTED = "health/oom"
INTEROP = Matrix(
    title="Interop",
    about="Client by server, over real gRPC.",
    columns=("python by python", "python by rust", "rust by python", "rust by rust"),
    rows=tuple(
        MatrixRow(
            label=method,
            cells=(Cell(sign="✓", tone="good", words="3 cases"),) * 4,
            details=("already stopped: ALREADY_EXISTS in both directions",),
        )
        for method in ("StopTraining", "ResumeTraining")
    ),
)


class Teller:
    """A player that tells one outcome."""

    can = IN_VIRTUAL_TIME
    channels = CHANNELS

    def __init__(self, name: str, outcome: Outcome) -> None:
        self.name, self._outcome = name, outcome

    def play(
        self,
        file: ScenarioFile,
        seed: int | None = None,
        schedule: Schedule | None = None,
    ) -> Outcome:
        return self._outcome

    def close(self) -> None:
        pass


def play_all() -> list[tuple[ScenarioFile, Trace]]:
    """Every scenario that was recorded, with its trace."""
    player = open_player(PlayerSpec(kind="recorded"), 60)
    outcomes = [(file, play_if_able(player, file)) for file in load_all([])]
    return [(file, each.trace) for file, each in outcomes if isinstance(each, Played)]


def reported_twice(trace: Trace) -> Trace:
    """The trace of a port that reports an unhealthy PS twice."""
    at = next(i for i, event in enumerate(trace.events) if event.kind == "report")
    return Trace.of([*trace.events[: at + 1], *trace.events[at:]], trace.struck)


def all_records() -> list[Record]:
    """Every scenario against itself; but one differs, one failed, one was skipped."""
    traces = play_all()
    planted = next(trace for file, trace in traces if file.name == PLANTED)
    peers: dict[str, Outcome] = {
        PLANTED: Played(reported_twice(planted), log="INFO port: reports PS 1\nINFO port: again"),
        "health/basic": Failed("crashed", "it exited with status 101", "thread 'main' panicked"),
        "health/no_ps": Skipped("it lacks the capability cluster"),
    }
    records = []
    for file, trace in traces:
        ours = Played(trace)
        theirs = Teller("rust", peers.get(file.name, ours))
        judge = Judge(Teller("python", ours), theirs, KnownDifferences())
        records.append(judge.judge(file))
    return records


def many(records: list[Record], count: int) -> list[Record]:
    """The same records over and over, under names of their own."""
    return [
        each.model_copy(update={"scenario": f"{each.scenario}_{i}"})
        for i, each in ((i, records[i % len(records)]) for i in range(count))
    ]


def report(records: list[Record]) -> Report:
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
    footer = make_footer(header, records, interrupted=False)
    return Report(header=header, records=tuple(records), footer=footer)


def incomplete_report(records: list[Record], of: int) -> Report:
    """The report of a run that was killed."""
    whole = report(records)
    return whole.model_copy(
        update={
            "header": whole.header.model_copy(update={"scenarios": of}),
            "footer": make_footer(whole.header, records, interrupted=True),
            "ended": False,
        }
    )


def write_page(
    records: list[Record], folder: Path, matrices: Sequence[Matrix] = (INTEROP,)
) -> Path:
    """The page, with other matrices on it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    path.write_text(render_html(report(records), matrices), encoding="utf-8")
    return path
