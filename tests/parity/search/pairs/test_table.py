"""Every pair of operations is met, or a reason says why it can't be."""

from __future__ import annotations

from parity.base import project
from parity.search.pairs import table
from parity.search.pairs.documents import scenario_texts
from parity.search.pairs.operations import ARRIVALS, UNDER_WAY
from parity.search.pairs.page import pairs_page
from parity.search.pairs.table import REASONS, pairs, positions, why_apart
from parity.spec.loading import load_scenario

UNDER_WAY_NAMES = {each.name for each in UNDER_WAY}
ARRIVAL_NAMES = {each.name for each in ARRIVALS}


def test_each_pair_is_met_or_has_a_reason():
    for under_way in UNDER_WAY:
        for arrival in ARRIVALS:
            reason = why_apart(under_way, arrival)
            assert bool(positions(under_way, arrival)) != (reason in REASONS)


def test_each_reason_is_used():
    used = {why_apart(under_way, arrival) for under_way in UNDER_WAY for arrival in ARRIVALS}
    assert used == {None, *REASONS}


def test_the_table_names_operations_that_exist():
    for row in (table._APART, table._AT_ITS_END):
        assert set(row) <= UNDER_WAY_NAMES
        assert {name for names in row.values() for name in names} <= ARRIVAL_NAMES
    assert {each.kind for each in UNDER_WAY} <= ARRIVAL_NAMES


def test_names_are_unique_and_few_enough_for_a_catalogue_of_a_minute():
    names = [pair.name for pair in pairs()]
    assert len(set(names)) == len(names) <= 120


def test_there_are_no_other_scenarios_in_the_folder():
    names = {path.stem for path in (project.SCENARIOS / "pairs").iterdir()}
    assert names == {name for name, _ in scenario_texts()}


def test_each_scenario_says_that_it_is_made_and_is_valid():
    for path in sorted((project.SCENARIOS / "pairs").iterdir()):
        assert path.read_text().splitlines()[1].startswith("# Made by `nox -s generated`")
        about = load_scenario(path, project.SCENARIOS).scenario.about
        assert about[0].isupper()
        assert about.endswith(".")


def test_the_page_counts_the_scenarios():
    assert f"| scenarios | {len(pairs())} |" in pairs_page()
