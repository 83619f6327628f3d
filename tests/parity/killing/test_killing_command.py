"""The command on a tiny reference, two scenarios and fake plays: what is done, and not again."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from samples import scenario_file

from parity.killing import command
from parity.killing.catalogue import Seen
from parity.killing.command import KillOptions, killmatrix
from parity.killing.matrix import read_kills
from parity.killing.planted import PlantedBug
from parity.problems import UsageError

SOUND = "ONE = 1\nTWO = 2\n"


def bug(name, find):
    return PlantedBug(
        name=name, side="python", about="another number", file="n.py", find=find, replace="9"
    )


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Sources whose first number alone is looked at; gives what was played."""
    source = tmp_path / "monolith_hooks" / "n.py"
    source.parent.mkdir()
    source.write_text(SOUND)
    played = []

    def play(scratch, root, files, limit):
        text = (scratch.folder / "monolith_hooks" / "n.py").read_text()
        played.append(text)
        verdicts = ("agree", "agree" if text.startswith("ONE = 1") else "differs")
        for file, verdict in zip(files, verdicts, strict=True):
            yield Seen(scenario=file.name, verdict=verdict)

    monkeypatch.setattr(command.project, "SOURCES", tmp_path)
    monkeypatch.setattr(command, "load_all", lambda _: [scenario_file("a"), scenario_file("b")])
    monkeypatch.setattr(command, "check_known", lambda _: None)
    monkeypatch.setattr(command, "of_mutated_python", play)
    plant(monkeypatch, bug("seen", "1"), bug("unseen", "2"))
    return tmp_path, played


def plant(monkeypatch, *bugs):
    monkeypatch.setattr(command, "load_planted", lambda: bugs)


def run(folder, only=()):
    options = KillOptions(only=only, shard=None, out=folder / "out.jsonl", limit=1)
    text = io.StringIO()
    return killmatrix(options, Console(file=text, width=120)), text.getvalue()


def test_a_survivor_is_named_and_exits_with_1(project):
    folder, _ = project
    code, text = run(folder)
    assert code == 1
    assert "1 of 2 planted bugs are caught" in text
    assert "survived: unseen" in text


def test_when_all_are_caught_it_exits_with_0(project):
    folder, _ = project
    code, text = run(folder, only=["seen"])
    assert code == 0
    assert "seen: caught by 1 of 2" in text


def test_the_catalogue_is_first_played_without_a_bug(project):
    folder, played = project
    run(folder)
    assert played == [SOUND, "ONE = 9\nTWO = 2\n", "ONE = 1\nTWO = 9\n"]


def test_what_is_known_is_not_played_again_until_something_changes(project):
    folder, played = project
    first = run(folder)
    played.clear()
    code, text = run(folder)
    assert played == []
    assert code == first[0]
    assert "survived: unseen" in text
    (folder / "monolith_hooks" / "n.py").write_text(SOUND + "\n")
    run(folder)
    assert len(played) == 3


def test_a_later_run_adds_to_what_is_known(project):
    folder, played = project
    run(folder, only=["seen"])
    played.clear()
    run(folder)
    assert len(played) == 2
    assert [kill.bug for kill in read_kills(folder / "out.jsonl")] == ["seen", "unseen"]


def test_a_bug_that_does_not_fit_is_refused_before_anything_is_played(project, monkeypatch):
    folder, played = project
    plant(monkeypatch, bug("seen", "1"), bug("rotten", "3"))
    with pytest.raises(UsageError, match=r"planted bug rotten: .* occurs 0 times"):
        run(folder)
    assert played == []


def test_a_catalogue_that_is_red_anyway_catches_nothing(project):
    folder, _ = project
    (folder / "monolith_hooks" / "n.py").write_text("ONE = 0 + 1\nTWO = 2\n")
    with pytest.raises(
        UsageError, match="python: the catalogue is red without a planted bug, at b"
    ):
        run(folder)
    assert list(read_kills(folder / "out.jsonl")) == []
