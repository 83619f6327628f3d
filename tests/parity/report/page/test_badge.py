"""The badge."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from parity.players.outcome import Failed, Skipped
from parity.report.page.markdown import render_badge
from tests.parity.samples import SESSION, judged, report_of, trace

AGREES = judged(trace(SESSION), name="agrees")
FAILED = judged(trace(SESSION), Failed("crashed", "gone"), name="failed")
SKIPPED = judged(trace(SESSION), Skipped("no"), name="skipped")


@pytest.mark.parametrize(
    ("records", "interrupted", "words"),
    [
        ([AGREES], False, "1 of 1 agree"),
        ([AGREES, SKIPPED], False, "1 of 2 agree"),
        ([AGREES, FAILED], False, "1 of 2 need a look"),
        ([AGREES], True, "interrupted, 1 of 1 agree"),
        ([SKIPPED], False, "nothing was compared"),
    ],
)
def test_the_badge_says_it_in_words(records, interrupted, words):
    badge = ET.fromstring(render_badge(report_of(*records, interrupted=interrupted)))
    assert badge.attrib["aria-label"] == f"parity: {words}"
    texts = [text.text for text in badge.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["parity", words]
