"""What a report says nothing about, in whole sentences: left out, not compared, never seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from parity.compare import CHANNELS, COMPARED_CHANNELS
from parity.ordering import Ordering
from parity.report import Report

_LOOSER: Final[dict[Ordering, str]] = {
    "lanes": "the order between lanes was compared only where one causes the other, as the peer "
    "schedules lanes by rules of its own",
    "untimed": "neither times nor the order between channels were compared, as a player ran in "
    "real time",
}


def gaps(report: Report) -> Iterator[str]:
    """Every gap that a reader should know before believing the totals."""
    left_out = set(COMPARED_CHANNELS) - set(report.header.channels)
    if report.header.note:
        yield f"{report.header.note}."
    if report.footer.interrupted:
        yield "The run was interrupted: the totals are of what was done until then."
    for verdict, words in (("skipped", "was skipped"), ("not run", "was not run")):
        for record in report.records:
            if record.verdict == verdict:
                why = "; ".join(record.reasons) or "no reason given"
                yield f"{record.scenario} {words}: {why}."
    unseen = Counter(key for record in report.records for key in record.not_compared)
    for key, count in sorted(unseen.items()):
        why = "as --channels leaves it out" if key in left_out else "as the peer gave none"
        yield f"{key} was not compared in {count} scenarios, {why}."
    orderings = Counter(record.ordering for record in report.records if record.ordering)
    for ordering, words in _LOOSER.items():
        if orderings[ordering]:
            yield f"{orderings[ordering]} scenarios: {words}."
    differing = {each.channel for record in report.records for each in record.differences}
    for channel in (each for each in CHANNELS if each in report.header.channels):
        if not report.footer.agreements.get(channel) and channel not in differing:
            yield f"The channel {channel} is empty: no scenario of this run shows anything on it."
