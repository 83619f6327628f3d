"""How each side's mutants are looked at: in which process, and what becomes of one that dies."""

from __future__ import annotations

import textwrap
from contextlib import contextmanager
from pathlib import Path

import pytest

from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.planted import sides
from parity.mutation.planted.explored import UnexpectedOutcomes
from parity.mutation.planted.fuzzed import Hunt
from parity.mutation.planted.scratch import Scratch
from parity.mutation.planted.sides import BuggyPort, BuggyReference, Fuzzing, UnmutatedSides
from parity.search.fuzz.findings import Finding
from parity.search.fuzz.trial import Symptom
from parity.verdict.known import KnownDifferences
from tests.parity.samples import SESSION, STEP, Script, trace

SMALL = Finding(
    case="fuzz/7/4",
    symptom=Symptom(kind="differs", where="steps", what="step", lane="main"),
    reason="it differs",
    seed=None,
    steps=1,
    text="about: small\nsteps:\n- train: 1\nexpect: {reports: 0}\n",
)


PROGRAMS = {"planted": ("fuzzed", "explored"), "judges": ("interop", "python_contracts")}


class Fixed(UnmutatedSides):
    """UnmutatedSides sides that show what they are told."""

    driver = Path("sound-driver")
    python = Script(trace(SESSION, STEP))

    def __init__(self, *of_port):
        self._of_port = of_port

    @contextmanager
    def port(self):
        yield Script(*self._of_port)


@pytest.fixture
def saying(tmp_path):
    """The mutants of a copy whose programs are this source."""

    def mutants(source):
        package = tmp_path / "copy" / "parity" / "mutation"
        for folder, names in PROGRAMS.items():
            (package / folder).mkdir(parents=True)
            for name in names:
                (package / folder / f"{name}.py").write_text(textwrap.dedent(source))
        for each in (*package.rglob("*/"), package, package.parent):
            (each / "__init__.py").touch()
        scratch = Scratch(tmp_path, tmp_path / "copy", "python")
        return BuggyReference(scratch, Fixed(), tmp_path, [], limit=5)

    return mutants


def test_a_mutant_of_the_reference_has_a_process_that_says_what_it_found(saying):
    hunt = Hunt(played=3, first=3, finding=SMALL)
    mutants = saying(f"import sys; print(sys.argv[1:]); print({hunt.model_dump_json()!r})")
    assert mutants.fuzz(Fuzzing(7, 100)) == hunt


def test_and_so_it_has_when_every_order_is_played(saying):
    beyond = UnexpectedOutcomes(scenarios=("a", "b"), schedule="s:0.1", schedules=9)
    assert saying(f"print({beyond.model_dump_json()!r})").explore() == beyond


def test_interop_and_the_contracts_say_what_is_red(saying):
    red = ScenarioResult(scenario="contracts: test_x", verdict="differs", reason="1 is not 2")
    mutants = saying(f"print('noise'); print({red.model_dump_json()!r})")
    assert mutants.contracts() == mutants.interop() == ("contracts: test_x", "1 is not 2")


def test_or_that_nothing_is(saying):
    green = ScenarioResult(scenario="interop", verdict="agree")
    assert saying(f"print({green.model_dump_json()!r})").interop() is None


def test_a_judge_that_hangs_has_caught_the_bug(saying, monkeypatch):
    monkeypatch.setattr(sides, "_ENOUGH_SECONDS", 0.5)
    mutants = saying("import time; time.sleep(60)")
    assert mutants.contracts() == ("contracts", "its process hung: no end after 0.5 s")


def test_it_is_told_which_driver_what_to_make_up_and_how_long(saying):
    source = """
    import json, sys
    print(json.dumps({"ended": " ".join(sys.argv[1:])}))
    """
    mutants = saying(source)
    assert mutants.fuzz(Fuzzing(7, 100)).ended == "sound-driver 7 100 5"
    assert mutants.explore().ended == "sound-driver 5"


def test_a_process_that_dies_has_caught_the_bug(saying):
    mutants = saying("raise SystemExit(3)")
    assert mutants.fuzz(Fuzzing(7, 100)) == Hunt(
        ended="its process ended with 3: it crashed, or hung"
    )
    assert mutants.explore() == UnexpectedOutcomes(
        ended="its process ended with 3: it crashed, or hung"
    )


def test_the_sound_sides_have_the_final_word_on_what_was_found(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.text)
    assert Fixed(trace(SESSION, STEP)).agree_on(SMALL, path)
    assert not Fixed(trace(SESSION)).agree_on(SMALL, path)


def test_a_mutant_of_the_port_is_built_and_held_against_the_sound_port(tmp_path, monkeypatch):
    built = []

    @contextmanager
    def driver(name, program, limit):
        yield Script(trace(SESSION))

    monkeypatch.setattr(sides, "build_driver", built.append)
    monkeypatch.setattr(sides, "_driver", driver)
    scratch = Scratch(tmp_path, tmp_path / "copy", "rust")
    mutants = BuggyPort(scratch, Fixed(trace(SESSION, STEP)), [], KnownDifferences(), limit=5)
    hunt = mutants.fuzz(Fuzzing(7, 10))
    assert built == [scratch.folder]
    assert hunt.first == 1
    assert hunt.finding is not None
