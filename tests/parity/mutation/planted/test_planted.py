"""The planted bugs fit the sources, and how they are chosen."""

from __future__ import annotations

import pytest

from parity.base import project
from parity.base.problems import ScenarioError, UsageError
from parity.mutation.planted.planted import PlantedBug, chosen_bugs, load_planted

PLANTED = load_planted()
LATE = """\
  - {name: late, side: rust, about: late by one, breaks: B30g, file: a.rs, find: x, replace: y}
"""


def bug(name="late", find="now >= due", replace="now > due"):
    return PlantedBug(
        name=name,
        side="rust",
        about="late by one",
        breaks="B30g",
        file="timer.rs",
        find=find,
        replace=replace,
    )


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_what_a_planted_bug_replaces_occurs_exactly_once_in_the_sources(planted):
    sound = (project.ROOT / planted.path).read_text(encoding="utf-8")
    assert planted.planted_in(sound) != sound


def test_no_bug_is_listed_under_two_names():
    sources = {}
    for each in PLANTED:
        sound = (project.ROOT / each.path).read_text(encoding="utf-8")
        sources.setdefault((each.path, each.planted_in(sound)), []).append(each.name)
    assert [names for names in sources.values() if len(names) > 1] == []


def test_there_are_at_least_20_in_the_port_and_8_in_the_reference():
    sides = [planted.side for planted in PLANTED]
    assert sides.count("rust") >= 20
    assert sides.count("python") >= 8


def test_a_bug_replaces_its_text_and_nothing_else():
    assert bug().planted_in("if now >= due {}") == "if now > due {}"


@pytest.mark.parametrize(
    ("text", "times"), [("if due {}", 0), ("now >= due || now >= due", 2)], ids=["none", "two"]
)
def test_a_bug_whose_text_is_not_there_once_is_refused_by_name(text, times):
    with pytest.raises(
        UsageError, match=f"planted bug late: .* occurs {times} times in .*timer.rs"
    ):
        bug().planted_in(text)


def test_a_name_that_is_given_twice_is_refused_with_its_file(tmp_path):
    path = tmp_path / "planted.yaml"
    path.write_text("bugs:\n" + LATE + LATE)
    with pytest.raises(ScenarioError, match=r"planted\.yaml:.*late is planted 2 times"):
        load_planted(path)


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("B30", "expected one of B30a to B30l, got B30"),
        ("B81a", "expected a clause of B1 to B80, got B81a"),
    ],
)
def test_a_bug_breaks_a_clause_that_there_is(tmp_path, clause, said):
    path = tmp_path / "planted.yaml"
    path.write_text("bugs:\n" + LATE.replace("B30g", clause))
    with pytest.raises(ScenarioError, match=said):
        load_planted(path)


def test_shards_are_disjoint_and_together_everything():
    bugs = [bug(name) for name in ("a", "b", "c")]
    shards = [[each.name for each in chosen_bugs(bugs, [], f"{i}/2")] for i in (1, 2)]
    assert shards == [["a", "c"], ["b"]]


def test_only_those_named_are_chosen():
    assert [each.name for each in chosen_bugs([bug("a"), bug("b")], ["b"], None)] == ["b"]


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"no planted bug lat.*late"):
        chosen_bugs([bug()], ["lat"], None)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "-1/2"])
def test_a_shard_that_is_none_is_refused(shard):
    with pytest.raises(UsageError, match="I/N"):
        chosen_bugs([bug()], [], shard)
