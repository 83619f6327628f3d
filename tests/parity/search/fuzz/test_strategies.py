"""The same seed gives the same valid scenarios, and they touch all that the model has."""

from __future__ import annotations

from collections import Counter

import pytest

from parity.search.fuzz.case import document_of, scenario_of
from parity.search.fuzz.features import all_features, features_of
from parity.search.fuzz.strategies import BATCH, batch

pytestmark = pytest.mark.slow


def digests(cases):
    return [(case.name, case.scenario.digest(), case.seed) for case in cases]


def test_a_batch_depends_on_the_seed_and_its_number_alone():
    assert digests(batch(7, 3)) == digests(batch(7, 3))
    assert digests(batch(7, 3)) != digests(batch(8, 3))
    assert {case.scenario.digest() for case in batch(7, 3)}.isdisjoint(
        case.scenario.digest() for case in batch(7, 4) if len(case.scenario.steps) > 2
    )


def test_a_shorter_batch_is_the_beginning_of_the_whole_one():
    assert digests(batch(7, 3, 4)) == digests(batch(7, 3))[:4]
    assert len(batch(7, 3)) == BATCH


def test_names_count_on_over_the_batches():
    assert batch(7, 2)[1].name == f"fuzz/7/{2 * BATCH + 1}"


def test_every_scenario_is_valid_and_its_document_leads_back_to_it():
    for case in batch(1, 0):
        again = scenario_of(document_of(case.scenario))
        assert again is not None
        assert again.digest() == case.scenario.digest()


@pytest.mark.nightly
def test_a_thousand_scenarios_touch_everything_that_the_model_has():
    touched = Counter()
    for number in range(1000 // BATCH):
        for case in batch(1, number):
            touched.update(features_of(case.scenario))
    assert sorted(all_features() - set(touched)) == []
