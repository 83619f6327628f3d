"""The summary of a run in Markdown, for the page that a CI job shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from parity.base.terminal_text import counted
from parity.report.page.signs import SIGNS, WORST_FIRST, Tone
from parity.report.page.templates import template
from parity.report.report import Report, gaps, incomplete, outcome_problems
from parity.verdict.causes import causes_of
from parity.verdict.record import EXIT_CODES, Record

_COLOURS: Final[dict[Tone, str]] = {"good": "#1a6b3a", "bad": "#b3201f", "idle": "#56606c"}
_CHARACTER: Final = 6.6
_PADDING: Final = 12


def render_badge(report: Report) -> str:
    """Return a badge: one line of words on a colour, which the words alone explain."""
    bad = sum(EXIT_CODES[record.verdict] != 0 for record in report.records)
    verdicts = report.footer.verdicts
    agree, partial = verdicts.get("agree", 0) + verdicts.get("known", 0), verdicts.get("partial", 0)
    tone: Tone = "idle" if partial else "good"
    words = f"{agree} of {len(report.records)} agree" + (f", {partial} in part" * bool(partial))
    if bad:
        tone, words = "bad", f"{bad} of {len(report.records)} need a look"
    elif not report.ended:
        tone, words = "idle", f"did not end, {words}"
    elif report.footer.interrupted:
        tone, words = "idle", f"interrupted, {words}"
    elif not agree and not partial:
        tone, words = "bad", "nothing was compared"
    elif report.footer.never_compared:
        tone, words = "bad", f"never compared: {', '.join(report.footer.never_compared)}"
    left, right = (_CHARACTER * len(text) + _PADDING for text in ("parity", words))
    return template("badge.svg.j2").render(
        words=words, left=round(left), right=round(right), colour=_COLOURS[tone]
    )


_MOST: Final = 50
"""Up to this many bad scenarios are listed, the rest counted, as job summaries are limited."""


def render_markdown(report: Report) -> str:
    """Return the summary: totals, what needs a look with its replay, and what isn't covered."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    header, footer = report.header, report.footer
    bad = sorted(
        (record for record in report.records if EXIT_CODES[record.verdict]),
        key=lambda record: (WORST_FIRST.index(record.verdict), record.scenario),
    )
    outcome = f"nothing among {counted(len(report.records), 'scenario')} needs a look"
    if bad:
        outcome = f"{len(bad)} of {len(report.records)} scenarios need a look"
    elif any(outcome_problems(footer)):
        outcome = "this run is no pass"
    yield f"## Parity of {_text(header.reference)} and {_text(header.peer)}: {outcome}"
    yield ""
    yield "| verdict | scenarios |"
    yield "| --- | ---: |"
    for verdict in WORST_FIRST:
        if footer.verdicts.get(verdict):
            yield f"| {SIGNS[verdict]} {verdict} | {footer.verdicts[verdict]} |"
    yield ""
    if not report.ended:
        yield f"**{_text(incomplete(report))}**"
        yield ""
    for sentence in outcome_problems(footer):
        yield f"**{_text(sentence)}**"
        yield ""
    if footer.skips:
        yield "| skipped because | scenarios |"
        yield "| --- | ---: |"
        yield from (f"| {_text(reason)} | {n} |" for reason, n in sorted(footer.skips.items()))
        yield ""
    if bad:
        causes = causes_of(bad)
        yield f"{len(bad)} need a look, {counted(len(causes), 'cause')}:"
        yield ""
        yield from (f"- {_text(str(cause))}" for cause in causes[:_MOST])
        yield ""
        yield from _bad(bad)
    counts = [f"{channel} {count}" for channel, count in footer.agreements.items() if count]
    yield f"Equal events by channel: {', '.join(counts) or 'none'}."
    missing = list(gaps(report))
    if missing:
        yield ""
        yield f"<details><summary>Not covered: {counted(len(missing), 'remark')}</summary>"
        yield ""
        yield from (f"- {_text(each)}" for each in missing[:_MOST])
        if len(missing) > _MOST:
            yield f"- and {len(missing) - _MOST} more"
        yield ""
        yield "</details>"


def _bad(records: list[Record]) -> Iterator[str]:
    yield "| scenario | why | replay |"
    yield "| --- | --- | --- |"
    for record in records[:_MOST]:
        why = _text(_shortened(record.reasons[0]) if record.reasons else "")
        sign = f"{SIGNS[record.verdict]} {record.verdict}"
        yield f"| {_text(record.scenario)} | {sign}: {why} | {_code(record.replay)} |"
    if len(records) > _MOST:
        yield f"| and {len(records) - _MOST} more | | |"
    yield ""


def _shortened(text: str) -> str:
    return text if len(text) <= 160 else text[:157] + "..."


def _text(text: str) -> str:
    """Return text that Markdown shows as it is, even within a table."""
    escaped = "".join(f"\\{c}" if c in "\\`*_[]|#~" else c for c in " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")


def _code(text: str) -> str:
    """Return a code span that no backquote inside can end, though a bar still ends a table cell."""
    line = " ".join(text.split()).replace("|", "\\|")
    longest = max((len(run) for run in _runs_of_backquotes(line)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}" if longest else f"`{line}`"


def _runs_of_backquotes(text: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in text).split(" ") if run]
