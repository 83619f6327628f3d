"""The list of known differences, and every way in which it can be out of date."""

from __future__ import annotations

import pytest
from samples import PLACED, REPORT, Script, scenario_file, trace

from parity.compare import compare
from parity.judge import Judge
from parity.known import KnownDifferences, difference_id
from parity.model import frozen
from parity.problems import ScenarioError

REPORTED, SILENT = trace(REPORT, PLACED), trace(PLACED)
(DIFFERENCE,) = compare(REPORTED, SILENT).differences


def entry(**changes):
    return {
        "scenario": "sample",
        "channel": "reports",
        "reason": "the port has no reports yet",
        "since": "2026-11-24",
        "difference": difference_id(DIFFERENCE),
        **changes,
    }


def verdict_with(*entries, peer=SILENT):
    known = KnownDifferences.model_validate(frozen({"differences": list(entries)}))
    file = scenario_file(expect={"blocked": [0]})
    return Judge(Script(REPORTED), Script(peer), known).judge(file)


def test_a_listed_difference_is_known_and_its_reason_is_shown():
    record = verdict_with(entry())
    assert record.verdict == "known"
    assert record.reasons == ("known: reports: the port has no reports yet",)


def test_an_entry_of_another_scenario_says_nothing_of_this_one():
    assert verdict_with(entry(scenario="other")).verdict == "differs"


def test_an_entry_for_another_channel_leaves_the_difference_unknown():
    record = verdict_with(entry(channel="barrier"))
    assert record.verdict == "differs"
    assert any("the sides agree now; remove the entry" in reason for reason in record.reasons)


def test_an_entry_that_agrees_now_is_stale():
    record = verdict_with(entry(), peer=REPORTED)
    assert record.verdict == "stale"
    assert record.reasons[0] == (
        "known_differences.yaml, sample, reports: the sides agree now; remove the entry"
    )


def test_an_entry_whose_difference_is_another_one_now_is_stale():
    other = trace({**REPORT, "results": []}, PLACED)
    record = verdict_with(entry(), peer=other)
    assert record.verdict == "stale"
    assert "the difference is another one now" in record.reasons[0]


@pytest.mark.parametrize(
    "wrong",
    [
        entry(channel="barier"),
        entry(reason="short"),
        entry(since="yesterday"),
        entry(difference="zz"),
        {"scenario": "sample"},
    ],
)
def test_a_mistyped_entry_is_refused_with_its_place(tmp_path, wrong):
    path = tmp_path / "known_differences.yaml"
    lines = "".join(f"    {key}: {value}\n" for key, value in wrong.items())
    path.write_text("differences:\n  -\n" + lines)
    with pytest.raises(ScenarioError, match=r"known_differences\.yaml:\d+:\d+: differences\[0\]"):
        KnownDifferences.load(path)


def test_no_file_is_an_empty_list(tmp_path):
    assert KnownDifferences.load(tmp_path / "none.yaml").differences == ()
