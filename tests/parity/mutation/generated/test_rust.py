"""What cargo-mutants lists is put into the sources as it says, and judged by what is red."""

from __future__ import annotations

import json

import pytest

from parity.base.problems import PortUnavailableError
from parity.mutation.generated import rust
from parity.mutation.generated.outcome import Bases, numbered
from parity.mutation.generated.rust import RustMutants, read_listed
from parity.mutation.generated.side import Bench, ScenarioRanking
from parity.mutation.planted.scratch import Scratch
from tests.parity.samples import scenario_file

PATH = "crates/monolith-training/src/hooks/mod.rs"
SOURCE = 'fn f(é: u8) -> bool {\n    let s = "é"; !é\n}\n'


def listed(name, start, end, replacement):
    place = {"start": dict(zip(("line", "column"), start, strict=True))}
    place["end"] = dict(zip(("line", "column"), end, strict=True))
    return {
        "file": PATH,
        "name": f"{PATH}:{start[0]}:{start[1]}: {name}",
        "span": place,
        "replacement": replacement,
        "genre": "FnValue",
    }


FN = listed("replace f -> bool with true", (2, 5), (2, 20), "true")
NOT = listed("delete ! in f", (2, 18), (2, 19), "")


def test_a_change_replaces_its_span_counted_in_characters():
    fn, delete = read_listed(json.dumps([FN, NOT]))
    assert fn.applied(SOURCE) == "fn f(é: u8) -> bool {\n    true\n}\n"
    assert delete.applied(SOURCE) == 'fn f(é: u8) -> bool {\n    let s = "é"; é\n}\n'


def test_a_change_may_span_lines():
    (body,) = read_listed(json.dumps([listed("replace f", (1, 21), (3, 2), "{}")]))
    assert body.applied(SOURCE) == "fn f(é: u8) -> bool {}\n"


def test_a_change_is_named_without_its_place():
    fn, _ = read_listed(json.dumps([FN, NOT]))
    assert fn.change == "replace f -> bool with true"
    assert fn.inside == "hooks/mod.rs"


def test_without_cargo_mutants_it_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(rust.shutil, "which", lambda name: None)
    with pytest.raises(PortUnavailableError, match="cargo install cargo-mutants --locked"):
        RustMutants().mutants(bench(tmp_path))


def bench(root):
    files = [scenario_file("a"), scenario_file("b")]
    return Bench(
        root=root,
        work=root / "work",
        files=files,
        known=None,
        limit=1,
        bases=Bases("", {}),
        ranking=ScenarioRanking(),
    )


@pytest.fixture
def play(tmp_path, monkeypatch):
    """A play on the copy, without a build; gives what stands for judging."""
    reds = []
    play = rust._Play(bench(tmp_path), Scratch(tmp_path, tmp_path / "copy", "rust"), tmp_path)
    monkeypatch.setattr(rust._Play, "first_red", lambda self, files: reds.pop()())
    return play, reds


def judged(play, red):
    each, reds = play
    reds.append(red)
    (mutant,) = numbered("rust", [("hooks/mod.rs", 2, "delete ! in f")])
    return each.judged(mutant)


def test_a_mutant_is_caught_by_the_first_red_scenario(play):
    outcome = judged(play, lambda: ("b", "step: differs"))
    assert (outcome.outcome, outcome.by, outcome.reason) == ("caught", "b", "step: differs")


def test_a_mutant_that_hangs_is_a_timeout(play):
    assert judged(play, lambda: ("b", "peer mutant, hung: no answer")).outcome == "timeout"


def test_a_mutant_that_nothing_is_red_with_has_survived(play):
    assert judged(play, lambda: None).outcome == "survived"


def test_a_mutant_that_can_not_be_built_is_not_viable(play):
    def build():
        raise PortUnavailableError("cargo build failed: mismatched types")

    outcome = judged(play, build)
    assert (outcome.outcome, outcome.reason) == (
        "unviable",
        "cargo build failed: mismatched types",
    )
