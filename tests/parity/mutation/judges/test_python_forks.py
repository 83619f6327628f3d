"""Forks that play mutants: here a mutant is a line of code, and a play is running it."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest

from parity.mutation.judges.changed_source import ChangedSource
from parity.mutation.judges.python_forks import Forks

JUDGE = """
import json, os, sys
from pathlib import Path

prepared = []

def prepare():
    prepared.append(os.getpid())

def judge(module, text, origin, scenarios, folder, note_lines):
    source = Path(text).read_text() if module else "verdict = 'agree'"
    for scenario in scenarios:
        scope = {"scenario": scenario}
        exec(compile(source, origin, "exec"), scope)
        seen = {"scenario": scenario, "verdict": scope["verdict"], "reason": str(prepared)}
        ran = {"gate.py": [1]} if note_lines else {}
        print(json.dumps({"seen": seen, "ran": ran}), flush=True)
        if scope["verdict"] != "agree":
            return
"""


@pytest.fixture
def forks(tmp_path, monkeypatch):
    (tmp_path / "tiny_judge.py").write_text(JUDGE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    forks = Forks(tmp_path, 0.5, prepare="tiny_judge:prepare", judge="tiny_judge:judge")
    yield forks
    forks.close()


def mutant(text: str) -> ChangedSource:
    return ChangedSource("gate.py", 1, "was -> is", range(0), text)


def verdicts(shown):
    return [told.seen.verdict for told in shown.told]


def test_a_mutant_is_played_until_a_scenario_is_red(forks):
    text = "verdict = 'differs' if scenario == 'b' else 'agree'"
    shown = forks.play(mutant(text), ["a", "b", "c"])
    assert verdicts(shown) == ["agree", "differs"]
    assert not shown.hung


def test_the_next_mutant_knows_nothing_of_the_one_before(forks):
    forks.play(mutant("import builtins; builtins.left = 1; verdict = 'agree'"), ["a"])
    text = "import builtins; verdict = 'differs' if hasattr(builtins, 'left') else 'agree'"
    assert verdicts(forks.play(mutant(text), ["a"])) == ["agree"]


def test_what_takes_long_is_done_once_and_not_in_the_forks(forks):
    first, second = (forks.play(mutant("verdict = 'agree'"), ["a"]) for _ in range(2))
    assert first.told[0].seen.reason == second.told[0].seen.reason
    assert str(os.getpid()) not in first.told[0].seen.reason


def test_one_that_says_nothing_for_too_long_is_killed(forks):
    text = "if scenario == 'b':\n  while True: pass\nverdict = 'agree'"
    shown = forks.play(mutant(text), ["a", "b", "c"])
    assert verdicts(shown) == ["agree"]
    assert shown.hung
    assert shown.status == -signal.SIGKILL


def test_what_only_says_that_it_is_alive_isnt_a_scenario(forks):
    alive = "print('{}', flush=True)\n" * 2
    assert verdicts(forks.play(mutant(alive + "verdict = 'agree'"), ["a"])) == ["agree"]


def test_one_that_dies_leaves_its_status_and_its_last_words(forks):
    text = "import os; os.write(2, b'first\\nlast words\\n'); os._exit(3)"
    shown = forks.play(mutant(text), ["a"])
    assert (shown.told, shown.hung, shown.status, shown.log) == ((), False, 3, "last words")


def test_one_that_prints_itself_is_over_at_once(forks):
    shown = forks.play(mutant("print('I was here', flush=True); verdict = 'agree'"), ["a", "b"])
    assert shown.told == ()
    assert not shown.hung


def test_without_a_mutant_it_is_noted_what_each_scenario_runs(forks):
    shown = forks.unmutated(["a", "b"])
    assert [told.ran for told in shown.told] == [{"gate.py": (1,)}] * 2


def test_nothing_is_left_of_a_play(forks, tmp_path):
    forks.play(mutant("open('/dev/null').close(); verdict = 'agree'"), ["a"])
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
