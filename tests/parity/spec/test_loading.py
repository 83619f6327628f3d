"""What a user sees of a scenario file that isn't valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.base.problems import ScenarioError, UsageError
from parity.spec.loading import find_scenarios, load_scenario

GOOD = """\
about: A sample.
cluster: {ps: 2, workers: 3}
machines:
  - {ps: 1, mem_limit: 0}
hooks:
  - ps_health
  - probe: {name: X, raises: {phase: end, error: ValueError}}
steps:
  - train: 3
  - advance: 30s
  - rpc: StopTraining
    expect: ALREADY_EXISTS
  - fault: {rss: {ps: 0, bytes: 9GiB}}
  - worker: {index: 1, train: 2}
expect:
  reports: 1
"""


def problems_of(tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, tmp_path)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_good_one_loads_and_is_named_by_its_path(tmp_path):
    (tmp_path / "health").mkdir()
    path = tmp_path / "health" / "oom.yaml"
    path.write_text(GOOD)
    assert load_scenario(path, tmp_path).name == "health/oom"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("about:", "abuot:", "bad.yaml:1:1: abuot: unknown key abuot (did you mean about?)"),
        (
            "train: 3",
            "train: three",
            'bad.yaml:9:5: steps[0].train: expected an integer, got "three"',
        ),
        (
            "train: 3",
            "train: 0",
            "bad.yaml:9:5: steps[0].train: expected a number of at least 1, got 0",
        ),
        ("train: 3", "train: true", "bad.yaml:9:5: steps[0].train: expected an integer, got true"),
        (
            "train: 3",
            "trian: 3",
            "bad.yaml:9:5: steps[0]: unknown step trian (did you mean train?); expected a",
        ),
        (
            "{ps: 1, m",
            "{ps: 2, m",
            "bad.yaml:4:6: machines[0].ps: there is no PS 2; expected 0 to 1",
        ),
        (
            "{ps: 1, m",
            "{ps: -1, m",
            "bad.yaml:4:6: machines[0].ps: expected a number of at least 0, got -1",
        ),
        (
            "rss: {ps: 0",
            "rss: {ps: 9",
            "bad.yaml:13:19: steps[3].fault.rss.ps: there is no PS 9; expected 0 to 1",
        ),
        ("9GiB", "9GB", "bad.yaml:13:26: steps[3].fault.rss.bytes: '9GB' is no size; "),
        ("index: 1", "index: 3", "bad.yaml:14:14: steps[4].worker.index: there is no worker 3; "),
        ("30s", "-30s", "bad.yaml:10:5: steps[1].advance: '-30s' is negative; expected 0 or more"),
        ("30s", "30", "bad.yaml:10:5: steps[1].advance: 30 has no unit; expected 30s or 30ms"),
        (
            "expect: A",
            "expct: A",
            "bad.yaml:12:5: steps[2].expct: unknown key expct (did you mean",
        ),
        (
            "StopTraining",
            "Stop",
            "bad.yaml:11:5: steps[2].rpc: expected 'StopTraining', 'ResumeTraining', ",
        ),
        (
            "ps_health",
            "ps_helth",
            "bad.yaml:6:5: hooks[0]: unknown hook ps_helth (did you mean ps_h",
        ),
        (
            "StopTraining",
            "stopTrainng",
            "bad.yaml:11:5: steps[2].rpc: expected 'StopTraining', 'ResumeTraining', "
            "'GetBlockStatus', 'SaveCheckpoint' or 'GetTrainingStatus', "
            'got "stopTrainng" (did you mean StopTraining?)',
        ),
        (
            "rss:",
            "rs:",
            "bad.yaml:13:5: steps[3].fault: unknown fault rs (did you mean rss?); expected a",
        ),
        (
            "phase: end",
            "phase: exit",
            "bad.yaml:7:31: hooks[1].probe.raises.phase: expected 'begin', ",
        ),
        (
            "reports: 1",
            "reports: 2020-01-01",
            'bad.yaml:16:3: expect.reports: expected an integer, got "2020-01-01"',
        ),
        ("  reports: 1", "  {}", "bad.yaml:15:1: expect: found no key; expected at least one"),
        ("about: A sample.", "# none", "bad.yaml:2:1: about: this key is missing; see docs/"),
        (
            "steps:",
            "name: x\nsteps:",
            "bad.yaml:8:1: name: unknown key name; expected one of about",
        ),
    ],
)
def test_each_problem_says_where_it_is_what_is_wrong_and_what_would_be_right(
    tmp_path, old, new, problem
):
    assert old in GOOD
    assert problems_of(tmp_path, GOOD.replace(old, new, 1)).startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "bad.yaml:1:1: the file is empty; expected a mapping, see docs/scenario-format.md"),
        ("- 1", "bad.yaml:1:1: found a list of 1; expected a mapping, see docs/scenario-format.md"),
        ("a: [1\nb: }", "bad.yaml:2:2: not YAML: expected ',' or ']', but got ':'; see docs/"),
        ("a: 1\na: 2", "bad.yaml:2:1: found the key 'a' twice; expected each key once"),
        ("\tx: 1", "bad.yaml:1:1: not YAML: found character '\\t' that cannot start any token; "),
        (b"a: \xff", "bad.yaml:1:1: not UTF-8 (byte 3); expected UTF-8 text"),
        (b"a: \0", "bad.yaml:1:4: found the character U+0000; expected printable text"),
    ],
)
def test_a_file_that_is_no_mapping_says_so(tmp_path, text, problem):
    assert problems_of(tmp_path, text).startswith(problem)


def test_all_problems_of_a_file_are_listed(tmp_path):
    text = GOOD.replace("train: 3", "train: x").replace("30s", "30")
    assert len(problems_of(tmp_path, text).splitlines()) == 2


def test_what_follows_from_other_problems_is_not_told(tmp_path):
    text = GOOD[: GOOD.index("steps:")] + "steps: [{train: 0}]\nexpect: {reports: 1}\n"
    assert problems_of(tmp_path, text).count("\n") == 0
    assert "steps: expected at least 1 of them, got a list of 0" in problems_of(
        tmp_path, text.replace("{train: 0}", "")
    )


def test_of_very_many_problems_the_first_are_told(tmp_path):
    text = GOOD[: GOOD.index("steps:")] + "expect: {reports: 1}\nsteps:\n"
    lines = problems_of(tmp_path, text + "- trian: 1\n" * 200).split("\n")
    assert len(lines) == 51
    assert lines[-1] == "bad.yaml:60:3: and more, from here on"


def test_all_references_to_what_there_is_not_are_named_at_once(tmp_path):
    text = (
        "about: Names what there isn't.\n"
        "covers: [B999, nosuch_test.parity]\n"
        "cluster: {ps: 2, workers: 3}\n"
        "steps: [{train: 1}]\n"
        "expect: {reports: 1, reported: [[9]], blocked: [0, 7]}\n"
    )
    expected = (
        "expected a clause of B1 to B80, or an item of the seed such as server_lib.parity, got"
    )
    assert problems_of(tmp_path, text).split("\n") == [
        f"bad.yaml:2:10: covers[0]: {expected} B999",
        f"bad.yaml:2:16: covers[1]: {expected} nosuch_test.parity",
        "bad.yaml:5:34: expect.reported[0][0]: there is no PS 9; expected 0 to 1",
        "bad.yaml:5:52: expect.blocked[1]: the barrier has no bit 7; expected 0 to 2",
    ]


def test_two_probes_of_one_name_are_refused(tmp_path):
    text = GOOD.replace("  - ps_health\n", "  - probe: {name: X}\n")
    assert "hooks[1].probe.name: there is another probe named X" in problems_of(tmp_path, text)


def test_a_machine_that_is_listed_twice_is_refused(tmp_path):
    text = GOOD.replace("  - {ps: 1, mem", "  - {ps: 1}\n  - {ps: 1, mem")
    assert "machines[1].ps: PS 1 is listed twice" in problems_of(tmp_path, text)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(GOOD)),
            st.integers(0, 6),
            st.sampled_from(
                [*"[]{}:,-|>'\"#&*!\n\t ", "~", "0", "-1", "1e9", "9" * 30, "{}", "end"]
            )
            | st.text(max_size=3),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_scenario_with_anything_changed_is_valid_or_says_what_is_wrong(tmp_path, changes):
    text = GOOD
    for at, gone, new in changes:
        text = text[:at] + new + text[at + gone :]
    path = tmp_path / "changed.yaml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    said = f"{path}:1:1: valid"
    try:
        load_scenario(path, tmp_path)
    except ScenarioError as error:
        said = str(error)
    assert all(re.match(re.escape(str(path)) + r":\d+:\d+: .", line) for line in said.split("\n"))


def test_a_folder_is_no_scenario(tmp_path):
    with pytest.raises(ScenarioError, match=":1:1: found a folder; expected a file"):
        load_scenario(tmp_path, tmp_path)


def test_a_path_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="nowhere: no such file or folder"):
        find_scenarios([tmp_path / "nowhere"], tmp_path)


def test_a_folder_without_scenarios_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="no scenario found"):
        find_scenarios([tmp_path], tmp_path)


def test_what_lies_elsewhere_is_named_from_the_folder_that_was_given(tmp_path):
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "one.yaml"
    path.write_text(GOOD)
    ((found, base),) = find_scenarios([tmp_path / "mine"], tmp_path / "scenarios").items()
    assert load_scenario(found, base).name == "one"


def test_what_is_no_path_may_be_a_name(tmp_path):
    (tmp_path / "health").mkdir()
    path = tmp_path / "health" / "one.yaml"
    path.write_text(GOOD)
    for name in ("health/one", "health"):
        assert find_scenarios([Path(name)], tmp_path) == {path: tmp_path}


def test_a_name_that_is_mistyped_is_suggested(tmp_path):
    (tmp_path / "one_of_them.yaml").write_text(GOOD)
    with pytest.raises(UsageError, match=r"one_of_thm: no such .* \(did you mean one_of_them\?\);"):
        find_scenarios([Path("one_of_thm")], tmp_path)
