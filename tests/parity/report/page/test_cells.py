"""What each player made of a scenario."""

from __future__ import annotations

import pytest

from parity.players.outcome import Failed, Skipped, Summarized
from parity.report.page.matrices import peer_cell, reference_cell
from parity.spec.scenario import Expect
from tests.parity.samples import SESSION, judged, trace

ONE = trace(SESSION)


@pytest.mark.parametrize(
    ("reference", "peer", "cells"),
    [
        (ONE, ONE, ("1 event", "1 event")),
        (ONE, trace(), ("1 event", "differs: session")),
        (ONE, Failed("crashed", "gone"), ("1 event", "failed")),
        (ONE, Failed("stale", "old"), ("1 event", "stale")),
        (ONE, Skipped("no"), ("1 event", "skipped")),
        (ONE, Summarized(Expect(reports=0)), ("1 event", "summary")),
        (ONE, Summarized(Expect(reports=3)), ("1 event", "summary differs")),
        (Failed("refused", "no"), ONE, ("failed", "not asked")),
    ],
)
def test_a_cell_says_in_few_words_what_a_player_did(reference, peer, cells):
    record = judged(reference, peer)
    assert (reference_cell(record).words, peer_cell(record).words) == cells


def test_a_broken_expectation_is_laid_at_the_door_of_who_broke_it():
    record = judged(ONE, expect={"reports": 2})
    assert reference_cell(record).words == "broke 1 of expect"
    assert peer_cell(record).words == "broke 1 of expect"
