"""A bug in the reference is played by what reaches it, until the first that is red."""

from __future__ import annotations

import pytest

from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.judges.interop import INTEROP
from parity.mutation.judges.python_child import Told
from parity.mutation.judges.python_contracts import CONTRACTS
from parity.mutation.judges.python_forks import Shown
from parity.mutation.planted import forked_reference
from parity.mutation.planted.forked_reference import ForkedReference
from parity.mutation.planted.planted import PlantedBug
from parity.mutation.planted.scratch import Scratch
from tests.parity.samples import scenario_file

SOURCE = "def low():\n    return 1\n\n\ndef high():\n    return 2\n"
LOW = PlantedBug(
    name="low", side="python", about="It is lower.", breaks="B1a", file="gate.py",
    find="return 1", replace="return 0",
)  # fmt: skip
RAN = {"quick": (2,), "slow": (2, 6), "other": (6,), INTEROP: (6,), CONTRACTS: (2,)}
"""The lines of gate.py that each runs."""


def told(name, verdict="agree", ran=()):
    return Told(seen=ScenarioResult(scenario=name, verdict=verdict), ran={"gate.py": ran})


class Forks:
    """Forks in which these are red, or at which the process ends."""

    red: tuple[str, ...] = ()
    ends_at: str = ""
    unviable: str = ""

    def __init__(self, root, limit):
        self.played = []

    def unmutated(self, names):
        return Shown(tuple(told(name, ran=RAN[name]) for name in names))

    def play(self, change, names):
        self.played.append(list(names))
        if self.unviable:
            return Shown((Told(unviable=self.unviable),))
        shown = []
        for name in names:
            if name == self.ends_at:
                return Shown(tuple(shown), hung=True)
            shown.append(told(name, "differs" if name in self.red else "agree"))
            if name in self.red:
                break
        return Shown(tuple(shown))

    def close(self):
        pass


@pytest.fixture
def reference(tmp_path, monkeypatch):
    monkeypatch.setattr(forked_reference, "Forks", Forks)
    (tmp_path / "root" / "monolith_hooks").mkdir(parents=True)
    (tmp_path / "root" / "monolith_hooks" / "gate.py").write_text(SOURCE)
    scratch = Scratch(tmp_path / "root", tmp_path / "copy", "python")
    scratch.refresh()
    files = [scenario_file(name) for name in ("quick", "slow", "other")]
    made = ForkedReference(scratch, None, tmp_path / "root", files, 7.0)
    made.scratch = scratch
    return made


def test_without_a_bug_all_of_it_is_green(reference):
    assert {each.scenario for each in reference.catalogue()} == {"quick", "slow", "other"}
    assert (reference.interop(), reference.contracts()) == (None, None)
    assert reference._forks.played == []


def test_a_bug_is_played_by_what_runs_its_lines(reference):
    with reference.scratch.planted(LOW):
        assert [each.bad for each in reference.catalogue()] == [False, False]
        assert (reference.interop(), reference.contracts()) == (None, None)
    assert reference._forks.played == [["quick", "slow"], [CONTRACTS]]


def test_the_first_that_is_red_is_the_last(reference, monkeypatch):
    monkeypatch.setattr(Forks, "red", ("quick", CONTRACTS))
    with reference.scratch.planted(LOW):
        assert [each.scenario for each in reference.catalogue() if each.bad] == ["quick"]
        assert reference.contracts() == (CONTRACTS, "differs")


def test_one_that_takes_too_long_is_red(reference, monkeypatch):
    monkeypatch.setattr(Forks, "ends_at", "slow")
    with reference.scratch.planted(LOW):
        *_, last = reference.catalogue()
    assert (last.scenario, last.verdict, last.reason) == ("slow", "failed", "it took over 7 s")


def test_one_that_cannot_be_imported_is_red_in_every_way(reference, monkeypatch):
    monkeypatch.setattr(Forks, "unviable", "NameError: low")
    with reference.scratch.planted(LOW):
        (only,) = reference.catalogue()
        assert (only.scenario, only.bad, only.reason) == ("the import", True, "NameError: low")
        assert reference.contracts() == ("the import", "NameError: low")
