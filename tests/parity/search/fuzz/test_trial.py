"""A trial says whether the sides show the same, and if not, what is wrong."""

from __future__ import annotations

from parity.players.outcome import Failed, Refusal
from parity.search.fuzz.case import Case
from parity.search.fuzz.trial import Agreed, Sides, Wrong
from parity.spec.loading import load_scenario
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, Script, scenario, trace

CASE = Case("fuzz/1/0", scenario(steps=[{"train": 1}, {"advance": "1s"}, "end"]), None)


def tried(ours, theirs, **options):
    sides = Sides(Script(*ours), Script(*theirs))
    return sides.try_out(CASE, **options)


def test_equal_traces_agree_whatever_is_expected():
    assert isinstance(tried([trace(SESSION, REPORT)], [trace(SESSION, REPORT)]), Agreed)


def test_a_difference_is_told_by_channel_kind_and_lane():
    wrong = tried([trace(SESSION, REPORT, PLACED)], [trace(SESSION, PLACED)])
    assert isinstance(wrong, Wrong)
    assert str(wrong.symptom) == "differs reports report ps_health"


def test_the_index_of_a_concurrent_step_is_no_part_of_a_symptom():
    ours, theirs = ({**STEP, "lane": f"concurrently-{7}", "worker": i} for i in (0, 1))
    wrong = tried([trace(ours)], [trace(theirs)])
    assert str(wrong.symptom) == "differs steps step concurrently"


def test_a_side_that_does_not_repeat_itself_is_found_before_a_difference_is_said():
    wrong = tried([trace(SESSION)], [trace(STEP), trace(SESSION)])
    assert str(wrong.symptom) == "nondeterministic peer steps step"


def test_a_side_that_does_not_repeat_itself_is_found_though_the_first_plays_agree():
    other = [trace(SESSION), trace(STEP)]
    assert isinstance(tried([trace(SESSION)], other), Agreed)
    again = tried([trace(SESSION)], other, repeat=True)
    assert str(again.symptom) == "nondeterministic peer steps step"


def test_a_driver_that_fails_is_told_by_side_and_failure():
    wrong = tried([trace(SESSION)], [Failed("crashed", "it exited with status 7")])
    assert str(wrong.symptom) == "failed peer crashed: it exited with status N"


def test_a_player_that_raises_has_crashed():
    class Raising(Script):
        def play(self, file, seed=None, schedule=None):
            raise KeyError("gone")

    sides = Sides(Raising(trace()), Script(trace()))
    assert str(sides.try_out(CASE).symptom) == "failed reference crashed: KeyError: 'gone'"


def refused(reason, message, step=None):
    return Failed("refused", message, refusal=Refusal(reason, step))


def unplayable(step, message):
    return refused("unplayable", f"steps[{step}]: {message}", step)


def test_what_neither_can_play_agrees_and_is_cut_off_at_the_step_that_cannot_be_done():
    stopped = unplayable(1, "train: the session was left before")
    sides = Sides(Script(stopped, trace(SESSION)), Script(stopped, trace(SESSION)))
    case, result = sides.try_out_playable(CASE)
    assert len(case.scenario.steps) == 1
    assert result == Agreed(trace(SESSION))


def test_a_step_that_neither_can_do_is_the_same_whichever_of_its_branches_is_told_of():
    ours = unplayable(0, "concurrently: there is no server 1")
    theirs = unplayable(0, "concurrently: the session was left before")
    assert isinstance(tried([ours], [theirs]), Agreed)
    assert isinstance(tried([ours], [unplayable(1, "train: the session was left")]), Wrong)


def test_a_deadlock_on_both_sides_is_the_same_in_whichever_words():
    ours, theirs = refused("deadlock", "here"), refused("deadlock", "there")
    assert tried([ours], [theirs]) == Agreed(None, "here")
    assert isinstance(tried([ours], [refused("stalled", "here")]), Wrong)


def test_both_sides_name_the_step_whose_call_in_the_background_cannot_be_made(
    python_player, rust_player, tmp_path
):
    path = tmp_path / "second.yaml"
    path.write_text(
        "about: A call to a server that never published an address.\n"
        "steps: [train: 1, {background: {rpc: StopTraining, server: 2}}]\n"
        "expect: {raised: null}\n"
    )
    file = load_scenario(path, tmp_path)
    refused = [player.play(file).refusal for player in (python_player, rust_player)]
    assert refused == [Refusal("unplayable", 1)] * 2
