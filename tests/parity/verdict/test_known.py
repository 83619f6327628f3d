"""The list of known differences, and every way in which it can be out of date or mistyped."""

from __future__ import annotations

import pytest

from parity.base.problems import ScenarioError, UsageError
from parity.verdict.compare import compare
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences, catalogue, check_known, difference_id
from tests.parity.samples import PLACED, REPORT, Script, scenario_file, trace

REPORTED, SILENT = trace(REPORT, PLACED), trace(PLACED)
(DIFFERENCE,) = compare(REPORTED, SILENT).differences
ID = difference_id(DIFFERENCE)
GOOD = {
    "scenario": "sample",
    "channel": "reports",
    "reason": "the port has no reports yet",
    "since": "2026-11-24",
    "difference": ID,
}


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Writes entries to a file, which lies in the current folder, and loads it."""
    monkeypatch.chdir(tmp_path)

    def load(*entries):
        text = "differences:\n"
        for entry in entries:
            text += "  -\n" + "".join(f"    {key}: {value}\n" for key, value in entry.items())
        path = tmp_path / "known_differences.yaml"
        path.write_text(text)
        return KnownDifferences.load(path)

    return load


def judged(known, *, reference=REPORTED, peer=SILENT, **expect):
    file = scenario_file(expect=expect or {"blocked": [0]})
    players = (each if isinstance(each, Script) else Script(each) for each in (reference, peer))
    return Judge(*players, known).judge(file)


def refused(listed, *entries):
    with pytest.raises(ScenarioError) as error:
        listed(*entries)
    return str(error.value)


def test_a_listed_difference_is_known_and_its_reason_is_shown(listed):
    record = judged(listed(GOOD))
    assert record.verdict == "known"
    assert record.reasons == ("known: reports: the port has no reports yet",)


def test_an_entry_of_another_scenario_says_nothing_of_this_one(listed):
    assert judged(listed({**GOOD, "scenario": "other"})).verdict == "differs"


def test_an_entry_for_another_channel_leaves_the_difference_unknown(listed):
    record = judged(listed({**GOOD, "channel": "barrier"}))
    assert record.verdict == "differs"
    assert any("the sides agree now; remove the entry" in reason for reason in record.reasons)


def test_an_entry_that_agrees_now_is_stale_and_its_line_is_named(listed):
    record = judged(listed(GOOD), peer=REPORTED)
    assert record.verdict == "stale"
    assert record.reasons[0] == (
        "known_differences.yaml:3: sample, reports: the sides agree now; remove the entry"
    )


def test_an_entry_whose_difference_is_another_one_now_is_stale_and_the_change_is_named(listed):
    other = trace({**REPORT, "results": []}, PLACED)
    record = judged(listed(GOOD), peer=other)
    now = difference_id(compare(REPORTED, other).differences[0])
    assert record.verdict == "stale"
    assert record.reasons[0] == (
        "known_differences.yaml:7: sample, reports: the difference is another one now; "
        f"look at it, then change {ID} to {now}"
    )


def test_an_entry_does_not_hide_a_side_that_does_not_repeat_itself(listed):
    peer = Script(SILENT, REPORTED, name="rust")
    record = judged(listed(GOOD), peer=peer)
    assert record.verdict == "nondeterministic"
    assert record.reasons == ("rust doesn't repeat itself: played again it gave another trace",)


def test_an_entry_does_not_hide_a_broken_expectation(listed):
    record = judged(listed(GOOD), reports=1)
    assert record.verdict == "unexpected"
    assert "the peer broke expect.reports: expected 1, got 0" in [
        reason.replace("scripted", "the peer") for reason in record.reasons
    ]


def test_a_mistyped_channel_is_refused_with_the_one_that_is_meant(listed):
    assert refused(listed, {**GOOD, "channel": "barier"}).endswith(
        "known_differences.yaml:4:5: differences[0].channel: "
        "there is no channel barier; expected barrier"
    )


def test_a_channel_like_no_other_is_refused_with_all_there_are(listed):
    assert "there is no channel xyz; expected one of reports, barrier, " in refused(
        listed, {**GOOD, "channel": "xyz"}
    )


def test_the_same_scenario_and_channel_twice_is_refused_with_both_lines(listed):
    assert refused(listed, GOOD, {**GOOD, "reason": "another reason for it"}).endswith(
        "known_differences.yaml:9:1: differences[1]: "
        "sample, reports is listed in line 3 already; expected one entry"
    )


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({**GOOD, "reason": "short"}, 5),
        ({**GOOD, "since": "yesterday"}, 6),
        ({**GOOD, "difference": "zz"}, 7),
        ({"scenario": "sample"}, 3),
        ({**GOOD, "reeson": "the port has no reports yet"}, 8),
    ],
)
def test_any_other_mistyped_entry_is_refused_with_its_line(listed, wrong, line):
    assert f"known_differences.yaml:{line}:" in refused(listed, wrong)


def test_an_unknown_scenario_is_refused_with_its_line_and_the_one_that_is_meant(listed):
    known = listed({**GOOD, "scenario": "health/omm"})
    with pytest.raises(ScenarioError) as error:
        known.check_names({"health/oom", "health/basic"})
    assert str(error.value).endswith(
        "known_differences.yaml:3:1: scenario: there is no scenario health/omm; expected "
        "health/oom, or no entry: monolith-parity baseline --prune removes it"
    )


def test_a_scenario_of_the_catalogue_is_known_by_name_whether_or_not_it_is_played(listed):
    assert "health/oom" in catalogue()
    listed({**GOOD, "scenario": "health/oom"}).check_names(catalogue())


def test_no_file_is_an_empty_list(tmp_path):
    assert KnownDifferences.load(tmp_path / "none.yaml").entries == ()


PATTERN = {
    "scenario": '"sam*"', "channel": "reports", "reason": "the port reports nothing",
    "since": "2026-11-24",
}  # fmt: skip


def test_a_pattern_accepts_what_differs_on_its_channel(listed):
    record = judged(listed({**PATTERN, "link": "https://example.org/7"}))
    assert record.verdict == "known"
    assert record.reasons == ("known: reports: the port reports nothing (https://example.org/7)",)


def test_a_pattern_says_nothing_where_the_sides_agree(listed):
    record = judged(listed(PATTERN), peer=REPORTED)
    assert record.verdict == "agree"


def test_a_pattern_with_an_id_accepts_that_difference_alone(listed):
    assert judged(listed({**PATTERN, "difference": ID})).verdict == "known"
    assert judged(listed({**PATTERN, "difference": "'000000000000'"})).verdict == "differs"


def test_an_entry_of_another_peer_says_nothing(listed):
    known = listed({**PATTERN, "peer": "another-port"})
    assert judged(known).verdict == "differs"
    assert known.accepting("sample", "another-port", [DIFFERENCE])


def test_a_pattern_that_accepts_nothing_is_stale_once_its_scenarios_were_played(listed):
    known = listed(PATTERN)
    assert known.unused(None, {"other": ()}) == []
    assert known.unused(None, {"sample": (DIFFERENCE,)}) == []
    assert known.unused(None, {"sample": ()}, not_run={"sample2"}) == []
    (line,) = known.unused(None, {"sample": (), "other": ()}, not_run={"another"})
    assert line.startswith("known_differences.yaml:3: sam*, reports: the sides agree in all 1")


def test_only_a_pattern_goes_without_an_id(listed):
    entry = {key: value for key, value in GOOD.items() if key != "difference"}
    assert "expected the difference's id" in refused(listed, entry)


def test_a_pattern_of_no_scenario_is_refused(listed):
    with pytest.raises(ScenarioError, match="there is no scenario sam"):
        listed(PATTERN).check_names({"health/oom"})


def test_a_list_that_is_asked_for_has_to_be_there(tmp_path):
    with pytest.raises(UsageError, match="no such file; expected a list of known differences"):
        check_known([], tmp_path / "nosuch.yaml")
