"""The verdict on one scenario, for everything that players can do."""

from __future__ import annotations

import pytest

from parity.base.content_cache import ContentCache
from parity.players.cached import CachedPlayer, KeptTraces
from parity.players.outcome import Failed, Played, Skipped, Summarized
from parity.spec.scenario import Expect
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences
from parity.verdict.record import exit_code
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, Script, scenario_file, stop, trace

GOOD = trace(REPORT, PLACED, STEP)


def judged(reference, peer, seed=None, **expect):
    judge = Judge(reference, peer, KnownDifferences(), seed)
    return judge.judge(scenario_file(expect=expect or {"reports": 1}))


def test_equal_traces_that_meet_expect_agree():
    record = judged(Script(GOOD), Script(GOOD))
    assert (record.verdict, record.reasons) == ("agree", ())
    assert record.agreements["reports"] == 1


def test_what_players_log_is_kept_whatever_the_verdict():
    quiet, talking = Played(GOOD), Played(GOOD, log="a line")
    other = Played(trace(REPORT), log="another line")
    assert judged(Script(quiet), Script(talking)).log_tail == "a line"
    assert judged(Script(quiet), Script(other)).log_tail == "another line"
    both = judged(Script(talking, name="one"), Script(other, name="two"))
    assert both.log_tail == "one:\na line\n\ntwo:\nanother line"
    assert judged(Script(quiet), Script(quiet)).log_tail == ""


def test_a_difference_is_named_with_channel_events_and_replay_command():
    record = judged(
        Script(GOOD, name="python"), Script(trace(REPORT, PLACED, {**STEP, "global_step": 2}))
    )
    assert record.verdict == "differs"
    assert record.reasons[0].startswith("steps: first difference at 0 ms on lane main")
    assert '"global_step":1' in record.reasons[0]
    assert '"global_step":2' in record.reasons[0]
    assert record.replay == "monolith-parity replay sample.yaml --both --on scripted"


def test_the_replay_command_has_the_seed():
    assert judged(Script(GOOD), Script(GOOD), seed=7).replay.endswith("--seed 7")


def test_two_sides_that_are_wrong_in_the_same_way_do_not_pass():
    record = judged(Script(GOOD, name="python"), Script(GOOD, name="rust"), reports=0)
    assert record.verdict == "unexpected"
    assert record.reasons == (
        "python broke expect.reports: expected 0, got 1",
        "rust broke expect.reports: expected 0, got 1",
    )


def test_a_side_that_differs_and_breaks_expect_says_both():
    record = judged(Script(GOOD), Script(trace(PLACED, STEP), name="rust"))
    assert record.verdict == "differs"
    assert record.reasons[-1] == "rust broke expect.reports: expected 1, got 0"


def test_a_side_that_does_not_repeat_itself_is_found_out_before_it_is_called_different():
    other = trace(PLACED, STEP)
    record = judged(Script(GOOD), Script(other, GOOD, name="rust"))
    assert record.verdict == "nondeterministic"
    assert record.reasons == ("rust doesn't repeat itself: played again it gave another trace",)


def kept(tmp_path, now, before):
    """A cached player that gave one trace before and would give another one now."""
    cache, key = ContentCache(tmp_path), {"player": "python"}
    CachedPlayer("python", KeptTraces(key, cache), lambda: Script(before)).play(scenario_file())
    return CachedPlayer("python", KeptTraces(key, cache), lambda: Script(now))


def cached_against(reference, peer):
    judge = Judge(reference, peer, KnownDifferences())
    return judge.judge(scenario_file())


def test_a_difference_from_a_trace_that_was_kept_stands_if_playing_gives_the_same(tmp_path):
    peer = Script(trace(STEP), name="rust")
    record = cached_against(kept(tmp_path, now=GOOD, before=GOOD), peer)
    assert (record.verdict, record.cached) == ("differs", ("reference",))


def test_a_trace_that_was_kept_and_is_another_now_is_no_difference_of_the_peer(tmp_path):
    peer = Script(GOOD, name="rust")
    record = cached_against(kept(tmp_path, now=GOOD, before=trace(STEP)), peer)
    assert record.verdict == "nondeterministic"
    assert record.reasons == ("python doesn't repeat itself: played again it gave another trace",)


def test_sides_that_agree_are_played_once():
    reference, peer = Script(GOOD), Script(GOOD)
    judged(reference, peer)
    assert (reference.plays, peer.plays) == (1, 1)


@pytest.mark.parametrize(
    ("outcome", "verdict", "reason"),
    [
        (Failed("crashed", "it exited with status 101"), "failed", "rust, crashed: it exited"),
        (Failed("stale", "made from other sources"), "stale", "rust, stale: made from other"),
        (Skipped("needs kill"), "skipped", "rust skipped it: needs kill"),
    ],
)
def test_a_side_without_a_trace_says_why(outcome, verdict, reason):
    record = judged(Script(GOOD), Script(outcome, name="rust"))
    assert record.verdict == verdict
    assert record.reasons[0].startswith(reason)


def test_the_tail_of_a_failed_drivers_log_is_kept():
    record = judged(Script(GOOD), Script(Failed("hung", "no answer", "last words")))
    assert record.log_tail == "last words"


def test_a_bare_summary_is_compared_as_far_as_it_goes():
    record = judged(Script(GOOD), Script(Summarized(Expect(reports=1, barrier=((0,),)))))
    assert record.verdict == "partial"
    assert "reports" not in record.not_compared
    assert {"blocked", "raised", "threads", "saves"} <= set(record.not_compared)


def test_a_bare_summary_that_differs_says_what_each_side_has():
    record = judged(Script(GOOD), Script(Summarized(Expect(reports=2))))
    assert record.verdict == "differs"
    assert record.reasons[0] == "reports: reference has 1, peer has 2"


def test_a_bare_summary_names_what_no_summary_has():
    record = judged(Script(GOOD), Script(Summarized(Expect(reports=1))))
    assert record.compared == ("reports",)
    assert {"rpc", "session", "order"} <= set(record.not_compared)


def test_a_bare_summary_without_a_channel_that_is_asked_for_is_skipped():
    players = Script(GOOD), Script(Summarized(Expect(reports=1)), name="rust")
    judge = Judge(*players, KnownDifferences(), channels=("barrier",))
    record = judge.judge(scenario_file(expect={"reports": 1}))
    assert record.verdict == "skipped"
    assert record.reasons == (
        "rust skipped it: its summary has only reports, in channels that --channels excludes",
    )


def test_a_peer_is_held_to_the_expectations_of_the_channels_that_it_has():
    peer = Script(trace(PLACED), name="rust")
    judge = Judge(Script(GOOD), peer, KnownDifferences(), channels=("barrier",))
    record = judge.judge(scenario_file(expect={"reports": 1, "blocked": [0]}))
    assert (record.verdict, record.broken) == ("partial", ())


def test_a_port_that_orders_lanes_otherwise_is_held_to_lanes_and_causes():
    on_worker = {**STEP, "lane": "worker-1", "worker": 1}
    ours, theirs = trace(STEP, on_worker), trace(on_worker, STEP)
    assert judged(Script(ours), Script(theirs), reports=0).verdict == "differs"
    record = judged(Script(ours), Script(Played(theirs, ordering="lanes")), reports=0)
    assert (record.verdict, record.ordering) == ("agree", "lanes")


def test_an_accepted_difference_of_one_channel_leaves_the_order_of_the_rest_compared():
    ours = trace(SESSION, REPORT, PLACED, STEP)
    theirs = trace(SESSION, REPORT, REPORT, STEP, PLACED)
    record = judged(Script(ours), Script(theirs))
    assert [each.channel for each in record.differences] == ["reports", "order"]


def test_concurrent_calls_that_swap_their_results_agree():
    lane = "concurrently-0"
    ok, refused = stop("OK", lane), stop("ALREADY_EXISTS", lane)
    calls = [{"rpc": "StopTraining"}, {"rpc": "StopTraining", "expect": "ALREADY_EXISTS"}]
    file = scenario_file(steps=[{"concurrently": calls}], expect={"blocked": []})
    players = Script(trace(ok, refused)), Script(trace(refused, ok))
    assert Judge(*players, KnownDifferences()).judge(file).verdict == "agree"


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        (["agree", "known", "skipped", "not run"], 0),
        (["agree", "differs"], 1),
        (["unexpected"], 1),
        (["stale"], 1),
        (["nondeterministic"], 1),
        (["failed"], 3),
        (["differs", "failed", "agree"], 3),
    ],
)
def test_the_exit_code_is_that_of_the_worst_verdict(verdicts, code):
    assert exit_code(verdicts) == code
