"""The command on three made-up mutants: what is judged, and not again."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from rich.console import Console

from parity.base.problems import UsageError
from parity.mutation.generated import command
from parity.mutation.generated import side as side_module
from parity.mutation.generated.command import MutantOptions, mutants
from parity.mutation.generated.outcome import numbered
from parity.mutation.generated.side import Bench
from parity.mutation.generated.survivors import Survivor
from parity.mutation.judges.interop import CASES
from parity.mutation.judges.python_contracts import PYTHON_CONTRACTS
from parity.mutation.judges.rust_contracts import RUST_CONTRACTS
from parity.mutation.planted import checkout
from tests.parity.base.executors.here import executor_here
from tests.parity.samples import scenario_file

FATES = {"seen": "caught", "unseen": "survived", "broken": "unviable"}
UNSEEN = Survivor(side="rust", file="a.rs", mutant="unseen", why="it is the same as before")


class KnownSide:
    """A side whose mutants' fates are known; remembers which were judged."""

    at_once = 1

    def __init__(self):
        self.judged = []

    def mutants(self, bench):
        return numbered("rust", [("a.rs", line, name) for line, name in enumerate(FATES)])

    @contextmanager
    def judge(self, bench):
        yield Judge(bench, self.judged)


@dataclass
class Judge:
    bench: Bench
    seen: list[str]

    def judged(self, mutant, ranking):
        self.seen.append(mutant.mutant)
        by = "a" if FATES[mutant.mutant] == "caught" else ""
        return self.bench.bases.outcome(mutant, FATES[mutant.mutant], 1, by)


@pytest.fixture
def side(tmp_path, monkeypatch):
    made_up = KnownSide()
    judges = [f"{CASES}/cases.py", f"{PYTHON_CONTRACTS}/one.py", f"{RUST_CONTRACTS}/one.rs"]
    for path in judges:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    monkeypatch.setattr(checkout.project, "SOURCES", tmp_path)
    monkeypatch.setattr(side_module, "load_all", lambda _: [scenario_file("a")])
    monkeypatch.setattr(side_module, "check_known", lambda _: None)
    monkeypatch.setitem(command.SIDES, "rust", made_up)
    monkeypatch.setitem(command.BOUNDS, "rust", 50)
    monkeypatch.setattr(command, "load_survivors", lambda: (UNSEEN,))
    return made_up


def run(folder, *, only=(), shard=None, sample=None, seed=0, on=None):
    options = MutantOptions(
        side="rust",
        only=only,
        shard=shard,
        out=folder / "out.jsonl",
        sample=sample,
        seed=seed,
        limit=1,
        on=on,
    )
    text = io.StringIO()
    return mutants(options, Console(file=text, width=120)), text.getvalue()


def test_with_every_survivor_explained_it_exits_with_0(side, tmp_path):
    code, text = run(tmp_path)
    assert code == 0
    assert "a.rs:1: unseen" in text
    assert "50.0" in text


def test_workers_give_what_one_process_gives(side, tmp_path, monkeypatch):
    run(tmp_path)
    here = (tmp_path / "out.jsonl").read_text()
    (tmp_path / "out.jsonl").unlink()
    monkeypatch.setattr(command, "executor", executor_here)
    monkeypatch.setattr(checkout.project, "ROOT", tmp_path)
    assert run(tmp_path, on="local:1")[0] == 0
    assert (tmp_path / "out.jsonl").read_text() == here
    assert side.judged == [*FATES, *FATES]
    assert (tmp_path / "reports" / "mutants-rust.work" / "process-1").is_dir()


def test_a_survivor_that_is_not_explained_is_named_and_exits_with_1(side, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "load_survivors", lambda: ())
    code, text = run(tmp_path)
    assert code == 1
    assert "survived, and isn't explained: a.rs:1: unseen" in text


def test_too_few_caught_exits_with_1(side, tmp_path, monkeypatch):
    monkeypatch.setitem(command.BOUNDS, "rust", 95)
    code, text = run(tmp_path)
    assert code == 1
    assert "50.0 % are caught; expected at least 95 %" in text


def test_a_shard_is_not_held_to_the_bound(side, tmp_path):
    code, _ = run(tmp_path, shard="2/3")
    assert (code, side.judged) == (0, ["unseen"])


def test_only_those_that_are_named_are_judged(side, tmp_path):
    code, _ = run(tmp_path, only=("a.rs: unseen", "broken"))
    assert (code, side.judged) == (0, ["unseen", "broken"])


def test_a_name_that_no_mutant_has_is_refused(side, tmp_path):
    with pytest.raises(UsageError, match="no mutant has b"):
        run(tmp_path, only=("b.rs",))


def test_a_sample_is_the_same_for_the_same_seed(side, tmp_path):
    run(tmp_path / "one", sample=2, seed=4)
    first = list(side.judged)
    run(tmp_path / "two", sample=2, seed=4)
    assert side.judged == first * 2
    assert len(first) == 2


def test_what_is_known_is_not_judged_again(side, tmp_path):
    run(tmp_path)
    run(tmp_path)
    assert side.judged == list(FATES)


def test_with_another_scenario_survivors_alone_are_judged_again(side, tmp_path, monkeypatch):
    run(tmp_path)
    side.judged.clear()
    files = [scenario_file("a"), replace(scenario_file("b"), text="another")]
    monkeypatch.setattr(side_module, "load_all", lambda _: files)
    run(tmp_path)
    assert side.judged == ["unseen"]


def test_a_shard_that_is_none_is_refused(side, tmp_path):
    with pytest.raises(UsageError, match="1/N to N/N"):
        run(tmp_path, shard="3/2")
