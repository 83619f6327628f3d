"""What is made of a play of a Python mutant, and which scenarios play it."""

from __future__ import annotations

import pytest

from parity.base.problems import UsageError
from parity.mutation.generated.outcome import Bases, numbered
from parity.mutation.generated.python import outcome_of
from parity.mutation.generated.side import Bench
from parity.mutation.judges.catalogue import ScenarioResult
from parity.mutation.judges.changed_source import ChangedSource
from parity.mutation.judges.python_child import Told
from parity.mutation.judges.python_forks import Reach, Shown
from parity.verdict.known import KnownDifferences
from tests.parity.samples import scenario_file

NAMES = ["slow", "quick"]
(MUTANT,) = numbered("python", [("gate.py", 3, "1 -> 2")])


def told(scenario: str, verdict: str = "agree", seconds: float = 0, ran=None) -> Told:
    return Told(
        seen=ScenarioResult(scenario=scenario, verdict=verdict), seconds=seconds, ran=ran or {}
    )


@pytest.fixture
def bench(tmp_path):
    bases = Bases("", {"slow": "", "quick": ""})
    return Bench(
        tmp_path,
        tmp_path,
        [scenario_file(name) for name in NAMES],
        KnownDifferences(),
        7.0,
        bases,
    )


class TestReach:
    REACH = Reach.of(
        NAMES,
        Shown((told("slow", seconds=2.0, ran={"gate.py": (3, 7)}),
               told("quick", seconds=1.0, ran={"gate.py": (4,), "house.py": (7,)}))),
    )  # fmt: skip

    @staticmethod
    def change(*lines: int) -> ChangedSource:
        return ChangedSource("gate.py", 3, "1 -> 2", range(*lines), "")

    def test_a_mutant_is_played_by_those_that_run_its_statement_the_fastest_first(self):
        assert self.REACH.scenarios(self.change(3, 5)) == ["quick", "slow"]
        assert self.REACH.scenarios(self.change(7, 8)) == ["slow"]

    def test_by_none_where_nobody_runs_it(self):
        assert self.REACH.scenarios(self.change(8, 9)) == []

    def test_by_all_where_it_is_run_by_the_import(self):
        assert self.REACH.scenarios(self.change(0)) == ["quick", "slow"]

    def test_a_catalogue_that_is_red_anyway_is_refused(self):
        with pytest.raises(UsageError, match="red without a mutant, at quick"):
            Reach.of(NAMES, Shown((told("slow"), told("quick", "differs"))))

    def test_and_one_that_ends_early(self):
        with pytest.raises(UsageError, match="at its end: out of memory"):
            Reach.of(NAMES, Shown((told("slow"),), status=-9, log="out of memory"))


class TestOutcome:
    @staticmethod
    def of(bench, shown: Shown):
        return outcome_of(bench, MUTANT, ["quick", "slow"], shown, 1.0)

    def test_one_that_a_scenario_notices_is_caught_by_it(self, bench):
        outcome = self.of(bench, Shown((told("quick"), told("slow", "differs"))))
        assert (outcome.outcome, outcome.by) == ("caught", "slow")

    def test_one_that_none_notices_survived(self, bench):
        assert self.of(bench, Shown((told("quick"), told("slow")))).outcome == "survived"

    def test_one_that_hangs_is_caught_by_the_time_it_takes(self, bench):
        outcome = self.of(bench, Shown((told("quick"),), hung=True, status=-9))
        assert (outcome.outcome, outcome.by) == ("timeout", "slow")
        assert outcome.reason == "it took over 7 s"

    def test_one_whose_process_dies_is_caught_where_it_died(self, bench):
        outcome = self.of(bench, Shown((told("quick"),), status=-11, log="aborted"))
        assert (outcome.outcome, outcome.by) == ("caught", "slow")
        assert outcome.reason == "its process ended with -11: aborted"

    def test_one_that_cant_be_imported_isnt_viable(self, bench):
        outcome = self.of(bench, Shown((Told(unviable="NameError: opens"),)))
        assert (outcome.outcome, outcome.reason) == ("unviable", "NameError: opens")
