"""The command on a tiny reference, two scenarios and fake plays: what is done, and not again."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from parity.base.problems import UsageError
from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.judges.interop import CASES
from parity.mutation.judges.python_contracts import PYTHON_CONTRACTS
from parity.mutation.judges.rust_contracts import RUST_CONTRACTS
from parity.mutation.planted import bug_judge, checkout, command, sides
from parity.mutation.planted.command import KillOptions, killmatrix
from parity.mutation.planted.explored import UnexpectedOutcomes
from parity.mutation.planted.fuzzed import Hunt
from parity.mutation.planted.matrix import read_results
from parity.mutation.planted.planted import PlantedBug
from parity.mutation.planted.sides import Fuzzing
from parity.search.fuzz.findings import Finding
from parity.search.fuzz.trial import Symptom
from tests.parity.base.executors.here import executor_here
from tests.parity.samples import scenario_file

SOUND = "ONE = 1\nTWO = 2\n"


def bug(name, find, only_by=None):
    return PlantedBug(
        name=name,
        side="python",
        about="another number",
        breaks="B29a" if name == "seen" else "B29b",
        file="n.py",
        find=find,
        replace="9",
        only_by=only_by,
    )


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Sources whose first number alone is looked at; gives what was played."""
    source = tmp_path / "monolith_hooks" / "n.py"
    source.parent.mkdir()
    source.write_text(SOUND)
    played = []

    def play(copy, root, files, limit):
        text = (copy / "monolith_hooks" / "n.py").read_text()
        played.append(text)
        verdicts = ("agree", "agree" if text.startswith("ONE = 1") else "differs")
        for file, verdict in zip(files, verdicts, strict=True):
            yield ScenarioResult(scenario=file.name, verdict=verdict)

    monkeypatch.setattr(checkout.project, "SOURCES", tmp_path)
    monkeypatch.setattr(command, "load_all", lambda _: [scenario_file("a"), scenario_file("b")])
    monkeypatch.setattr(bug_judge, "check_known", lambda _: None)
    monkeypatch.setattr(sides, "of_mutated_python", play)
    plant(monkeypatch, bug("seen", "1"), bug("unseen", "2"))
    return tmp_path, played


def plant(monkeypatch, *bugs):
    monkeypatch.setattr(command, "load_planted", lambda: bugs)


def run(folder, only=(), ways=("catalogue",), count=100, until_caught=False, on=None):
    options = KillOptions(
        only=only,
        shard=None,
        ways=ways,
        fuzzing=Fuzzing(7, count),
        until_caught=until_caught,
        out=folder / "out.jsonl",
        limit=1,
        markdown=folder / "out.md",
        on=on,
    )
    text = io.StringIO()
    return killmatrix(options, Console(file=text, width=120)), text.getvalue()


def untimed(folder):
    found = read_results(folder / "out.jsonl")
    return [result.model_copy(update={"seconds": 0}) for result in found]


def test_a_survivor_is_named_and_exits_with_1(project):
    folder, _ = project
    code, text = run(folder)
    assert code == 1
    assert "1 of 2 planted bugs are caught" in text
    assert "survived: unseen" in text
    assert "clauses with survivors: B29b\n" in text


def test_when_all_are_caught_it_exits_with_0(project):
    folder, _ = project
    code, text = run(folder, only=["seen"])
    assert code == 0
    assert "seen, catalogue: 1 of 2" in text
    assert "clauses with survivors: none\n" in text


def test_the_catalogue_is_first_played_without_a_bug(project):
    folder, played = project
    run(folder)
    assert played == [SOUND, "ONE = 9\nTWO = 2\n", "ONE = 1\nTWO = 9\n"]


def test_workers_give_what_one_process_gives(project, monkeypatch):
    folder, played = project
    here = run(folder)
    results = untimed(folder)
    (folder / "out.jsonl").unlink()
    played.clear()
    monkeypatch.setattr(command, "executor", executor_here)
    monkeypatch.setattr(bug_judge, "load_all", lambda _: [scenario_file("a"), scenario_file("b")])
    monkeypatch.setattr(checkout.project, "ROOT", folder)
    assert run(folder, on="local:1")[0] == here[0]
    assert untimed(folder) == results
    assert played == [SOUND, "ONE = 9\nTWO = 2\n", "ONE = 1\nTWO = 9\n"]
    assert (folder / "reports" / "killmatrix.work" / "process-1" / "python").is_dir()


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
    assert [kill.bug for kill in read_results(folder / "out.jsonl")] == ["seen", "unseen"]


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
    assert list(read_results(folder / "out.jsonl")) == []


SMALL = Finding(
    case="fuzz/7/4",
    symptom=Symptom(kind="differs", where="steps", what="step", lane="main"),
    reason="it differs",
    seed=None,
    steps=1,
    text="about: small",
)


@pytest.fixture
def ways(project, monkeypatch):
    """Ways beside the catalogue that see the second number; gives how often each was done."""
    folder, _ = project
    done = []
    for judge in (f"{CASES}/cases.py", f"{PYTHON_CONTRACTS}/one.py", f"{RUST_CONTRACTS}/one.rs"):
        (folder / judge).parent.mkdir(parents=True)
        (folder / judge).touch()

    class Mutants:
        def __init__(self, scratch, *_):
            self.scratch = scratch

        def _seen(self, way):
            done.append(way)
            text = (self.scratch.folder / "monolith_hooks" / "n.py").read_text()
            return not text.endswith("TWO = 2\n")

        def interop(self):
            return (
                ("interop: StopTraining/plain", "another code") if self._seen("interop") else None
            )

        def contracts(self):
            return ("contracts: test_x", "it failed") if self._seen("contracts") else None

        def fuzz(self, fuzzing):
            seen = self._seen("fuzz")
            return Hunt(played=5, first=5, finding=SMALL) if seen else Hunt(played=fuzzing.count)

        def explore(self):
            seen = self._seen("explore")
            return UnexpectedOutcomes(
                scenarios=("b",) if seen else (), schedule="s:1" if seen else ""
            )

    monkeypatch.setattr(bug_judge, "BuggyReference", Mutants)
    monkeypatch.setattr(sides.UnmutatedSides, "agree_on", lambda *_: True)
    return folder, done


def test_what_one_way_misses_another_may_catch(ways):
    folder, _ = ways
    code, text = run(folder, ways=("fuzz", "explore"))
    assert code == 1
    assert "unseen, fuzz: 1 step, after 5" in text
    assert "fuzz: 1 of 2 are caught\n    not by fuzz: seen" in text
    assert "survived: seen" in text


def test_interop_and_the_contracts_are_tried_without_a_bug_first(ways):
    folder, done = ways
    code, text = run(folder, only=["unseen"], ways=("interop", "contracts"))
    assert code == 0
    assert "unseen, interop: StopTraining/plain" in text
    assert "unseen, contracts: test_x" in text
    assert done == ["interop", "contracts", "interop", "contracts"]
    assert "| StopTraining/plain | test_x |" in (folder / "out.md").read_text()
    run(folder, ways=("contracts",))
    assert "survived: seen" in run(folder, ways=("contracts",))[1]


def test_what_is_red_without_a_bug_catches_nothing(ways):
    folder, _ = ways
    (folder / "monolith_hooks" / "n.py").write_text("ONE = 1\nTWO = 2  # as before\n")
    with pytest.raises(UsageError, match="python: red without a planted bug: contracts: test_x"):
        run(folder, ways=("contracts",))
    assert list(read_results(folder / "out.jsonl")) == []


def test_another_contract_has_the_bugs_judged_again(ways):
    folder, done = ways
    run(folder, ways=("interop", "contracts"))
    done.clear()
    (folder / PYTHON_CONTRACTS / "one.py").write_text("# new")
    run(folder, ways=("interop", "contracts"))
    assert done == ["contracts", "contracts", "contracts"]


def test_the_smallest_scenario_is_kept(ways):
    folder, _ = ways
    run(folder, ways=("fuzz",))
    assert (folder / "out.work" / "found" / "unseen.yaml").read_text() == "about: small"
    assert "| 1 step, after 5 | differs steps step main |" in (folder / "out.md").read_text()


def test_that_a_bug_is_missed_by_a_way_that_cannot_see_it_is_no_news(ways, monkeypatch):
    folder, _ = ways
    plant(monkeypatch, bug("hidden", "1", only_by="explore"))
    code, text = run(folder, ways=("fuzz",))
    assert code == 0
    assert "0 of 1 planted bugs are caught\nto be seen by explore alone: hidden" in text
    code, text = run(folder, ways=("fuzz", "explore"))
    assert code == 1
    assert "survived: hidden" in text


def test_no_way_is_tried_after_one_that_caught_the_bug_if_so_asked(ways):
    folder, done = ways
    code, text = run(folder, ways=("fuzz", "explore"), until_caught=True)
    assert code == 1
    assert done == ["fuzz", "explore", "fuzz"]
    assert "fuzz: 1 of 2 are caught" in text
    assert "explore: 0 of 1 are caught" in text
    assert "survived: seen" in text
    run(folder, ways=("fuzz", "explore"), until_caught=True)
    assert len(done) == 3
    run(folder, ways=("fuzz", "explore"))
    assert done[3:] == ["explore"]


def test_each_way_goes_on_by_itself(ways):
    folder, done = ways
    run(folder, ways=("fuzz",))
    run(folder, ways=("fuzz", "explore"))
    assert done == ["fuzz", "fuzz", "explore", "explore"]
    run(folder, ways=("fuzz", "explore"), count=200)
    assert done[4:] == ["fuzz", "fuzz"]


def test_a_scenario_in_which_the_sound_sides_differ_as_well_is_refused(ways, monkeypatch):
    folder, _ = ways
    monkeypatch.setattr(sides.UnmutatedSides, "agree_on", lambda *_: False)
    with pytest.raises(UsageError, match="both sides without it differ as well"):
        run(folder, ways=("fuzz",))
