"""What a campaign keeps of what it has done."""

from __future__ import annotations

from collections import deque

import pytest

from parity.base.problems import OutputError, UsageError
from parity.search.fuzz.campaign_state import BatchDone, CampaignHeader, State
from parity.search.fuzz.findings import Finding
from parity.search.fuzz.trial import Symptom
from tests.parity.no_room import fill, small_disk

HEADER = CampaignHeader(seed=1, reference="python", peer="rust", generator="g", sources="s")


def batch(number):
    return BatchDone(number=number, played=1, agreed=1, unplayable=0, stuck=0)


def test_a_campaign_goes_on_with_what_was_done(tmp_path):
    path = tmp_path / "a" / "1.jsonl"
    State(path, HEADER).add(batch(0))
    again = State(path, HEADER)
    assert [each.number for each in again.done] == [0]
    assert not again.anew_because


@pytest.mark.parametrize(
    ("changed", "why"),
    [("sources", "the sources have changed since"), ("peer", "it was of other players")],
)
def test_other_sources_or_players_begin_it_anew(tmp_path, changed, why):
    path = tmp_path / "1.jsonl"
    State(path, HEADER).add(batch(0))
    again = State(path, HEADER.model_copy(update={changed: "others"}))
    assert (again.done, again.anew_because) == ([], why)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_cut_off_is_left_out_and_the_next_is_a_line_of_its_own(tmp_path, cut):
    path = tmp_path / "1.jsonl"
    state = State(path, HEADER)
    state.add(batch(0))
    state.add(batch(1))
    path.write_bytes(path.read_bytes()[:-cut])
    again = State(path, HEADER)
    assert [each.number for each in again.done] == [0]
    again.add(batch(2))
    assert [each.number for each in State(path, HEADER).done] == [0, 2]


def test_a_header_without_an_end_of_line_is_a_campaign_that_did_nothing(tmp_path):
    path = tmp_path / "1.jsonl"
    State(path, HEADER)
    path.write_bytes(path.read_bytes()[:-1])
    State(path, HEADER).add(batch(0))
    assert [each.number for each in State(path, HEADER).done] == [0]


@pytest.mark.parametrize("text", ["", "{}", "{}\n", "nonsense\n", '{"seed": 1}\n'])
def test_what_is_no_campaign_is_refused_and_kept(tmp_path, text):
    path = tmp_path / "1.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match="this is no campaign"):
        State(path, HEADER)
    assert path.read_text() == text


def test_a_folder_in_its_place_is_refused(tmp_path):
    with pytest.raises(UsageError, match="expected a file, or a name for one, got a folder"):
        State(tmp_path, HEADER)


def test_a_full_disk_keeps_what_was_done(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        state = State(disk / "1.jsonl", HEADER)
        state.add(batch(0))
        fill(disk)
        with pytest.raises(OutputError, match=r"1\.jsonl: can't be written: No space left"):
            deque(map(state.add, map(batch, range(1, 1000))))
        with pytest.raises(OutputError):
            State(disk / "1.jsonl", HEADER.model_copy(update={"sources": "others"}))
        (disk / "filler").unlink()
        assert State(disk / "1.jsonl", HEADER).done[0].number == 0


def finding(case, what, steps=1):
    symptom = Symptom(kind="differs", where="steps", what=what)
    return Finding(case=case, symptom=symptom, reason=what, seed=None, steps=steps, text=case)


def found(number, *findings):
    return batch(number).model_copy(update={"findings": findings})


def test_of_a_symptom_the_earliest_batch_counts_whichever_ended_first(tmp_path):
    late, early = found(1, finding("late", "save", 1)), found(0, finding("early", "save", 5))
    for i, order in enumerate(([late, early], [early, late])):
        state = State(tmp_path / f"{i}.jsonl", HEADER)
        for each in order:
            state.add(each)
        assert [each.case for each in state.findings()] == ["early"]
        assert state.findings(before=0) == []
        state.settle()
    assert (tmp_path / "0.jsonl").read_bytes() == (tmp_path / "1.jsonl").read_bytes()


def test_a_campaign_at_its_end_has_each_batch_once_and_in_order(tmp_path):
    path = tmp_path / "1.jsonl"
    state = State(path, HEADER)
    state.add(found(2, finding("third", "save"), finding("third", "report")))
    state.add(batch(0))
    state.add(found(1, finding("second", "save")))
    state.add(batch(0).model_copy(update={"played": 25}))
    state.settle()
    again = State(path, HEADER).done
    assert again == state.done
    assert [(each.number, each.played) for each in again] == [(0, 25), (1, 1), (2, 1)]
    assert [[each.symptom.what for each in batch.findings] for batch in again] == [
        [],
        ["save"],
        ["report"],
    ]
