"""The page: one self-contained file, with a list in plain HTML and stories as JSON lines.

A story is parsed and drawn only when it is opened, so that a thousand scenarios open
as quickly as ten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markupsafe import Markup

from parity.base.model import Model, canonical_json
from parity.players.outcome import Maker
from parity.report.page.implementations import sources_of
from parity.report.page.matrices import Cell, Matrix, peer_cell, reference_cell
from parity.report.page.signs import SIGNS, WORST_FIRST, Tone, tone
from parity.report.page.story import make_story, short_name
from parity.report.page.templates import static, template
from parity.report.report import Report, gaps, incomplete, outcome_problems
from parity.verdict.causes import Cause, causes_of
from parity.verdict.compare import ORDER, ComparedChannel
from parity.verdict.record import Record, Verdict

_SCRIPTS: Final = (
    "dom.js", "lanes.js", "timeline.js", "events.js", "yaml.js", "sources.js", "story.js",
    "list.js", "page.js",
)  # fmt: skip


@dataclass(frozen=True)
class _Total:
    verdict: Verdict
    sign: str
    tone: Tone
    count: int


@dataclass(frozen=True)
class _ChannelTotal:
    channel: ComparedChannel
    equal: int
    unit: str
    share: float
    differing: int


@dataclass(frozen=True)
class _ListRow:
    """One scenario in the list; ``story`` is the number of its line among the stories.

    ``cause`` counts the causes from 1, and is None if nothing is wrong.
    """

    record: Record
    story: int
    folder: str
    name: str
    sign: str
    tone: Tone
    reference: Cell
    peer: Cell
    faults: tuple[str, ...]
    channels: tuple[str, ...]
    cause: int | None
    found_by: str


@dataclass(frozen=True)
class _MakerLine:
    """An implementation, and the number of scenarios whose traces come from it."""

    side: str
    maker: Maker
    scenarios: int


def render_html(report: Report, matrices: Sequence[Matrix] = (), folder: Path | None = None) -> str:
    """Return the whole page, with other matrices below the scenarios, and links from ``folder``."""
    causes = causes_of(report.records)
    rows = _list_rows(report, causes)
    covered = {name for record in report.records for name in record.covers}
    return template("index.html.j2").render(
        header=report.header,
        peer=_peer_name(report),
        footer=report.footer,
        count=len(rows),
        incomplete=incomplete(report),
        bad=sum(row.tone == "bad" for row in rows),
        problems=list(outcome_problems(report.footer)),
        causes=causes,
        totals=_totals(report),
        channels=_channels(report),
        rows=rows,
        folders=sorted({row.folder for row in rows}),
        faults=sorted({fault for row in rows for fault in row.faults}),
        matrices=matrices,
        gaps=list(gaps(report)),
        makers=_makers(report),
        style=static("report.css"),
        scripts=[static(name) for name in _SCRIPTS],
        sources=_line(sources_of(covered, folder)),
        stories=Markup("\n").join(_line(make_story(row.record)) for row in rows),
    )


def _peer_name(report: Report) -> str:
    """Return the heading of the peer's column: its implementation's name if it has one."""
    names = {short_name(record.peer, record.peer_by) for record in report.records if record.peer_by}
    return names.pop() if len(names) == 1 else report.header.peer


def _line(part: Model) -> Markup:
    """Return JSON that can't end the script element that it is in."""
    text = canonical_json(part.model_dump(mode="json", exclude_none=True))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704


def _list_rows(report: Report, causes: Sequence[Cause]) -> list[_ListRow]:
    """Return the rows of the list, the worst first, and then by name."""
    cause_of = {
        record.scenario: i for i, cause in enumerate(causes, start=1) for record in cause.records
    }
    rank = {verdict: i for i, verdict in enumerate(WORST_FIRST)}
    ordered = sorted(report.records, key=lambda each: (rank[each.verdict], each.scenario))
    return [_list_row(record, i, cause_of.get(record.scenario)) for i, record in enumerate(ordered)]


def _list_row(record: Record, story: int, cause: int | None) -> _ListRow:
    folder, _, name = record.scenario.rpartition("/")
    faults = tuple(sorted({each.kind for each in record.injections}))
    words = (record.scenario, record.about, *record.covers, record.verdict, *faults)
    return _ListRow(
        record=record,
        story=story,
        folder=folder,
        name=name,
        sign=SIGNS[record.verdict],
        tone=tone(record.verdict),
        reference=reference_cell(record),
        peer=peer_cell(record),
        faults=faults,
        cause=cause,
        channels=_of_interest(record),
        found_by=" ".join((*words, *record.reasons)).lower(),
    )


def _of_interest(record: Record) -> tuple[str, ...]:
    """Return the channels on which a scenario differs or, if none, those that have events."""
    differing = tuple(each.channel for each in record.differences)
    return differing or tuple(channel for channel, count in record.agreements.items() if count)


def _totals(report: Report) -> list[_Total]:
    counts = Counter(record.verdict for record in report.records)
    return [
        _Total(verdict, SIGNS[verdict], tone(verdict), counts[verdict])
        for verdict in WORST_FIRST
        if counts[verdict]
    ]


def _channels(report: Report) -> list[_ChannelTotal]:
    """Count equal events by channel and, for the order, the scenarios in which it is equal."""
    differing = Counter(each.channel for record in report.records for each in record.differences)
    in_order = sum(ORDER in record.compared for record in report.records) - differing[ORDER]
    equal: dict[ComparedChannel, int] = {ORDER: in_order}
    equal.update(report.footer.agreements.items())
    most = max(equal.values(), default=0) or 1
    return [
        _ChannelTotal(
            channel,
            equal.get(channel, 0),
            "scenarios" if channel == ORDER else "events",
            100 * equal.get(channel, 0) / most,
            differing[channel],
        )
        for channel in report.header.channels
    ]


def _makers(report: Report) -> list[_MakerLine]:
    sides = Counter(
        (side, maker)
        for record in report.records
        for side, maker in (("reference", record.reference_by), ("peer", record.peer_by))
        if maker is not None
    )
    return [_MakerLine(side, maker, count) for (side, maker), count in sides.items()]
