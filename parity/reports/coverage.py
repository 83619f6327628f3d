"""What a report says nothing about, in whole sentences: left out, not compared, never seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from parity.compare import CHANNELS
from parity.report import Report


def gaps(report: Report) -> Iterator[str]:
    """Every gap that a reader should know before believing the totals."""
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
        yield f"{key} was not compared in {count} scenarios, as the peer gave none."
    differing = {each.channel for record in report.records for each in record.differences}
    for channel in CHANNELS:
        if not report.footer.agreements.get(channel) and channel not in differing:
            yield f"The channel {channel} is empty: no scenario of this run shows anything on it."
