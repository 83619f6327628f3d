"""What cargo-mutants lists is put into the sources as it says, and judged by what is red."""

from __future__ import annotations

import json

import pytest

from parity.base.problems import PortUnavailableError
from parity.mutation.generated import rust
from parity.mutation.generated.outcome import Bases, numbered
from parity.mutation.generated.rust import RustJudge, RustMutants, read_listed
from parity.mutation.generated.side import Bench, ScenarioRanking
from parity.mutation.planted.planted import PORT
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
    )


(MUTANT,) = numbered("rust", [("hooks/mod.rs", 2, "delete ! in f")])


@pytest.fixture
def judge(tmp_path, monkeypatch):
    """A judge of a copy, without a build; gives what stands for a play, and the copy."""
    scratch = Scratch(tmp_path, tmp_path / "copy", "rust")
    for root in (tmp_path, scratch.folder):
        file = root / PORT / "hooks" / "mod.rs"
        file.parent.mkdir(parents=True)
        file.write_text(SOURCE)
    (change,) = read_listed(json.dumps([NOT]))
    judge = RustJudge(bench(tmp_path), {MUTANT: change}, scratch, tmp_path)
    reds = []
    monkeypatch.setattr(RustJudge, "first_red", lambda self, files: reds.pop()())
    return judge, reds, file


def judged(judge, red):
    each, reds, _ = judge
    reds.append(red)
    return each.judged(MUTANT, ScenarioRanking())


def test_a_mutant_is_in_the_copy_while_it_is_judged_alone(judge):
    _, _, file = judge
    seen = []
    judged(judge, lambda: seen.append(file.read_text()))
    assert seen == ['fn f(é: u8) -> bool {\n    let s = "é"; é\n}\n']
    assert file.read_text() == SOURCE


def test_a_mutant_that_is_not_made_here_is_refused(judge):
    each, _, _ = judge
    with pytest.raises(PortUnavailableError, match="the tool that makes them at the same"):
        each.judged(MUTANT.model_copy(update={"mutant": "another"}), ScenarioRanking())


def test_a_mutant_is_caught_by_the_first_red_scenario(judge):
    outcome = judged(judge, lambda: ("b", "step: differs"))
    assert (outcome.outcome, outcome.by, outcome.reason) == ("caught", "b", "step: differs")


def test_a_mutant_that_hangs_is_a_timeout(judge):
    assert judged(judge, lambda: ("b", "peer mutant, hung: no answer")).outcome == "timeout"


def test_a_mutant_that_nothing_is_red_with_has_survived(judge):
    assert judged(judge, lambda: None).outcome == "survived"


def test_a_mutant_that_can_not_be_built_is_not_viable(judge):
    def build():
        raise PortUnavailableError("cargo build failed: mismatched types")

    outcome = judged(judge, build)
    assert (outcome.outcome, outcome.reason) == (
        "unviable",
        "cargo build failed: mismatched types",
    )
