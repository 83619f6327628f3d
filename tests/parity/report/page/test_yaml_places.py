"""The lines of the YAML that rows of a story belong to."""

from __future__ import annotations

import pytest

from parity.players.outcome import Played
from parity.report.page.story import make_story
from parity.spec.loading import load_scenario
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences
from tests.parity.samples import REPORT, SESSION, STEP, Script, judged, stop, trace

YAML = """\
about: A scenario whose steps are written in several ways.
machines:
  - {ps: 0, mem_limit: 0}
cluster: {ps: 2, workers: 3}
hooks: [ps_health, saver, server, {call: {phase: end, rpc: StopTraining}}]
steps:
  - train: 1
  # What comes next takes two lines.
  - rpc: StopTraining
    expect: OK

  - {train: 1}
  - concurrently:
      - rpc: StopTraining
      - worker: {index: 1, train: 1}
expect:
  reports: 0
"""
STEP_2 = {**STEP, "global_step": 2}
END = stop(call="hooks[3].call")


def story(tmp_path, *events, peer=None, text=YAML, ordering="total"):
    (tmp_path / "sample.yaml").write_text(text)
    file = load_scenario(tmp_path / "sample.yaml", tmp_path)
    ours, theirs = (
        Script(Played(trace(*each), ordering=ordering)) for each in (events, peer or events)
    )
    return make_story(Judge(ours, theirs, KnownDifferences()).judge(file))


def places(made):
    found = [None if row.place is None else made.places[row.place] for row in made.rows]
    return [each and (each.words, each.first, each.last, each.exact) for each in found]


def test_every_row_tells_its_lines_also_a_fault_and_a_call_of_a_hook(tmp_path):
    branch = stop(lane="concurrently-3", call="steps[3].concurrently")
    made = story(tmp_path, SESSION, STEP, stop(call="steps[1]"), STEP_2, branch, END)
    assert places(made) == [
        ("machines[0]", 3, 3, True),
        ("before the first step", 6, 6, True),
        ("steps[0]", 7, 7, True),
        ("steps[1]", 9, 10, True),
        ("steps[2]", 12, 12, True),
        ("steps[3].concurrently", 13, 15, True),
        ("hooks[3].call", 5, 5, True),
    ]


def test_an_event_of_the_peer_alone_is_placed_by_the_peers_own_trace(tmp_path):
    late = {**REPORT, "ms": 0}
    made = story(tmp_path, SESSION, STEP, peer=(SESSION, STEP, late))
    words, first, last, exact = places(made)[-1]
    assert (words, first, last, exact) == ("steps[0] to the end", 7, 15, False)
    assert [each.label for each in made.places] == ["line 3", "opening", "lines 7-12", "lines 7-15"]


def test_steps_on_one_line_have_that_line(tmp_path):
    text = "about: x\nsteps: [{train: 1}, {train: 1}]\nexpect: {reports: 0}\n"
    made = story(tmp_path, SESSION, STEP, STEP_2, text=text)
    assert [each[1:3] for each in places(made)] == [(2, 2)] * 3


def test_in_real_time_only_what_events_say_themselves_is_known(tmp_path):
    made = story(tmp_path, SESSION, STEP, END, ordering="untimed")
    assert places(made)[1:] == [None, None, ("hooks[3].call", 5, 5, True)]


@pytest.mark.parametrize("text", ["", "steps: [", "steps: 3", "about: x", "- 1", "steps: !x"])
def test_a_text_that_is_no_scenario_has_no_places(text):
    record = judged(trace(SESSION, STEP)).model_copy(update={"yaml": text})
    made = make_story(record)
    assert places(made) == [None, None]
    assert made.places == ()
