"""What a driver says that it has, and what of it a scenario needs."""

from __future__ import annotations

import pytest

from parity.base import project
from parity.spec.capabilities import KINDS, OTHERS, check_capability, lacking
from parity.spec.loading import load_all
from tests.parity.samples import scenario

HEALTH = ("ps_health", "train", "advance", "rss")


def test_a_driver_that_names_no_kind_is_left_to_say_itself_what_it_lacks():
    assert lacking(scenario(), (), ordered=True) == ()
    assert lacking(scenario(), ("interop", "seed"), ordered=False) == ()


def test_what_is_lacking_is_named_in_the_order_of_the_scenario():
    played = scenario(
        hooks=["ps_health", {"saver": {"save_steps": 1}}],
        steps=[{"train": 1}, {"background": {"rpc": "StopTraining"}}, {"end": {}}],
    )
    assert lacking(played, HEALTH, ordered=False) == ("saver", "background", "rpc", "end")
    assert lacking(played, HEALTH, ordered=True)[-1] == "seed"


def test_steps_and_faults_within_others_are_needed_too():
    together = scenario(
        hooks=["ps_health"],
        steps=[
            {"concurrently": [{"rpc": "StopTraining"}, {"rpc": "ResumeTraining"}]},
            {"fault": {"rss": {"ps": 0, "bytes": 1}}},
        ],
    )
    missing = lacking(together, ("ps_health",), ordered=False)
    assert missing == ("concurrently", "rpc", "fault", "rss")


def test_a_driver_with_every_kind_lacks_nothing_of_the_catalogue():
    for file in load_all([project.SCENARIOS]):
        assert lacking(file.scenario, KINDS, ordered=False) == (), file.name


@pytest.mark.parametrize("word", [*OTHERS, *KINDS])
def test_every_word_is_known(word):
    assert check_capability(word) == word


def test_an_unknown_word_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"no capability savr \(did you mean saver\?\)"):
        check_capability("savr")
