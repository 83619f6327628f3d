"""The report of a run: JSON lines, a header, one record a scenario, and a footer.

The footer says that the report is whole; a report without one is truncated, and
reading it is an error. Every other report is made from this one.
"""

from __future__ import annotations

import contextlib
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from parity.base import project
from parity.base.json_lines import (
    JsonLinesWriter,
    TruncatedError,
    check_totals,
    read_begun,
    read_whole,
)
from parity.base.model import Model
from parity.base.problems import UsageError
from parity.base.terminal_text import counted
from parity.spec.ordering import Ordering
from parity.spec.trace import CHANNELS, Channel
from parity.verdict.compare import COMPARED_CHANNELS, ORDER, ComparedChannel
from parity.verdict.record import COMPARED, Record, Verdict, exit_code, was_compared

_LOOSER: Final[dict[Ordering, str]] = {
    "lanes": "the order between lanes was compared only where one causes the other, as the peer "
    "schedules lanes by rules of its own",
    "untimed": "neither times nor the order between channels were compared, as a player ran in "
    "real time",
}


FORMAT: Final = 4
FILE_NAME: Final = "report.jsonl"
_NAMED_VERSIONS: Final = (project.NAME, "tensorflow", "grpcio", "protobuf")


class Header(Model):
    """The scenarios and players of a run, its start (ISO 8601, UTC), and the versions in use.

    ``catalogue`` says that no paths were given, so that a run without a filter is a whole
    one; ``channels`` are those that the peer was to be compared by.
    """

    kind: Literal["header"] = "header"
    format: int = FORMAT
    reference: str
    peer: str
    note: str
    seed: int | None
    scenarios: int
    catalogue: bool = False
    channels: tuple[ComparedChannel, ...] = COMPARED_CHANNELS
    rust_source_digest: str
    began: str = ""
    versions: dict[str, str] = Field(default_factory=dict)


class Footer(Model):
    """Totals of a run.

    ``skips`` counts skipped scenarios by reason. ``never_compared`` are the channels that a
    whole run was to compare and on which no scenario had anything to compare. ``notes`` say
    how a driver went wrong other than in a scenario, and ``stale`` which lines of the known
    differences accept nothing any more.
    """

    kind: Literal["footer"] = "footer"
    verdicts: dict[Verdict, int]
    agreements: dict[Channel, int]
    skips: dict[str, int] = Field(default_factory=dict)
    never_compared: tuple[ComparedChannel, ...] = ()
    interrupted: bool
    exit_code: int
    notes: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


class Report(Model):
    """A report; unless it ``ended``, its run was killed, and the footer is of what there is."""

    header: Header
    records: tuple[Record, ...]
    footer: Footer
    ended: bool = True


class ReportWriter(JsonLinesWriter):
    """Writer of a report into a folder."""

    def __init__(self, folder: Path, header: Header, made_from_it: Iterable[Path] = ()) -> None:
        super().__init__(folder / FILE_NAME, header, made_from_it)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that play, without importing them."""
    found = {"python": platform.python_version()}
    for name in _NAMED_VERSIONS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def make_footer(
    header: Header,
    records: Sequence[Record],
    *,
    interrupted: bool,
    notes: Sequence[str] = (),
    stale: Sequence[str] = (),
) -> Footer:
    """Total these records, and determine the exit code.

    That is the worst verdict's; at least 1 if a known difference is ``stale``; at least 2 if
    the run was interrupted or a filter left nothing to play; and 3 if nothing was compared, a
    whole run never compared some channel, or ``notes`` report a driver's error outside any
    scenario.
    """
    agreements: Counter[Channel] = Counter()
    for record in records:
        agreements.update(record.agreements)
    code = max(exit_code([record.verdict for record in records]), 1 if stale else 0)
    nothing_to_play = all(record.verdict == "not run" for record in records)
    if interrupted or nothing_to_play:
        code = max(code, 2)
    elif not any(map(was_compared, records)):
        code = 3
    never = () if interrupted else _never_compared(header, records)
    if never:
        code = 3
    return Footer(
        verdicts=dict(Counter(record.verdict for record in records)),
        agreements=dict(agreements),
        skips=dict(
            Counter("; ".join(each.reasons) for each in records if each.verdict == "skipped")
        ),
        never_compared=never,
        interrupted=interrupted,
        exit_code=3 if notes else code,
        notes=tuple(notes),
        stale=tuple(stale),
    )


def outcome_problems(footer: Footer) -> Iterator[str]:
    """Yield the reasons why a run in which no scenario went wrong is still no pass."""
    yield from footer.stale
    if not footer.interrupted and not COMPARED & footer.verdicts.keys():
        yield "nothing was compared: no scenario was played by both sides"
    elif footer.never_compared:
        yield (
            f"never compared: {', '.join(footer.never_compared)}: no scenario shows anything "
            "there; for a peer that has no more, name what it has with --channels"
        )


def _never_compared(header: Header, records: Sequence[Record]) -> tuple[ComparedChannel, ...]:
    """Return the channels that a whole run never compared, without the order in real time."""
    if not header.catalogue or any(record.verdict == "not run" for record in records):
        return ()
    compared = {channel for record in records for channel in record.compared}
    if "cluster" in (header.reference, header.peer):
        compared.add(ORDER)
    return tuple(channel for channel in header.channels if channel not in compared)


def read_report(path: Path) -> Report:
    """Read a whole report.

    Raises:
        UsageError: It is truncated, isn't a report, or doesn't add up.
    """
    try:
        report = read_whole(path, Report, FORMAT, lambda record: record.scenario)
    except TruncatedError as error:
        raise TruncatedError(f"{error}, or monolith-parity render for what it did") from None
    if len(report.records) != report.header.scenarios:
        raise UsageError(
            f"{path}: expected {report.header.scenarios} records as its header says, got "
            f"{len(report.records)}"
        )
    footer = report.footer
    counted = make_footer(
        report.header,
        report.records,
        interrupted=footer.interrupted,
        notes=footer.notes,
        stale=footer.stale,
    )
    totals = ("verdicts", "agreements", "skips", "never_compared", "exit_code")
    check_totals(path, footer, counted, totals)
    return report


def read_begun_report(path: Path) -> Report:
    """Read a report, whole or of an unfinished run.

    Raises:
        UsageError: It isn't a report, or doesn't add up.
    """
    with contextlib.suppress(TruncatedError):
        return read_report(path)
    header, records = read_begun(path, Report, FORMAT, lambda record: record.scenario)
    footer = make_footer(header, records, interrupted=True)
    return Report(header=header, records=records, footer=footer, ended=False)


def incomplete(report: Report) -> str:
    """Return a sentence on how much of an unfinished run there is, or an empty text."""
    if report.ended:
        return ""
    return (
        f"The run did not end: {len(report.records)} of {report.header.scenarios} scenarios are in "
        "this report"
    )


def gaps(report: Report) -> Iterator[str]:
    """Yield every gap that a reader should know of before trusting the totals."""
    left_out = set(COMPARED_CHANNELS) - set(report.header.channels)
    if report.header.note:
        yield f"{report.header.note}."
    if not report.ended:
        yield f"{incomplete(report)}."
    elif report.footer.interrupted:
        yield "The run was interrupted: the totals are of what was done until then."
    for verdict, words in (("skipped", "was skipped"), ("not run", "was not run")):
        for record in report.records:
            if record.verdict == verdict:
                why = "; ".join(record.reasons) or "no reason given"
                yield f"{record.scenario} {words}: {why}."
    unseen = Counter(key for record in report.records for key in record.not_compared)
    for key, count in sorted(unseen.items()):
        why = (
            "as --channels or the peer left it out" if key in left_out else "as the peer gave none"
        )
        yield f"{key} was not compared in {counted(count, 'scenario')}, {why}."
    orderings = Counter(record.ordering for record in report.records if record.ordering)
    for ordering, words in _LOOSER.items():
        if orderings[ordering]:
            yield f"{counted(orderings[ordering], 'scenario')}: {words}."
    differing = {each.channel for record in report.records for each in record.differences}
    for channel in (each for each in CHANNELS if each in report.header.channels):
        if not report.footer.agreements.get(channel) and channel not in differing:
            yield f"The channel {channel} is empty: no scenario of this run shows anything on it."
