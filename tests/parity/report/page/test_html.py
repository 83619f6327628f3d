"""The page, as text; tests/browser opens it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from parity.players.outcome import Failed, Skipped
from parity.report.page import html
from parity.report.page.html import render_html
from parity.report.page.matrices import Cell, Matrix, MatrixRow
from parity.spec.trace import CHANNEL_OF_KIND
from tests.parity.samples import REPORT, SESSION, STEP, judged, report_of, trace

AGREES = judged(trace(SESSION, STEP), name="health/agrees")
DIFFERS = judged(trace(SESSION), trace(SESSION, REPORT), name="health/differs")
FAILED = judged(trace(SESSION), Failed("crashed", "it is gone", "last words"), name="a/failed")


def stories(page):
    (text,) = re.findall(r'id="stories">\n(.*?)\n</script>', page, re.DOTALL)
    return [json.loads(line) for line in text.split("\n")]


def listed(page):
    return re.findall(r'data-scenario="([^"]+)"', page)


def test_every_scenario_is_listed_worst_first_with_a_story_of_its_own():
    page = render_html(report_of(AGREES, DIFFERS, FAILED))
    assert listed(page) == ["a/failed", "health/differs", "health/agrees"]
    assert [story["record"]["scenario"] for story in stories(page)] == listed(page)
    assert "2 of 3 scenarios need a look" in page


def test_a_story_has_the_events_the_verdict_and_the_command_that_replays_it():
    (story,) = stories(render_html(report_of(DIFFERS)))
    assert story["reference"] == [SESSION]
    assert story["peer"] == [SESSION, REPORT]
    assert (
        story["record"]["replay"] == "monolith-parity replay health/differs.yaml --both --on rust"
    )
    assert story["marks"] == [{"difference": 0, "row": 1}]


def test_nothing_of_a_scenario_can_become_markup():
    evil = "</script><script>alert(1)</script>"
    record = judged(trace(SESSION), Failed("crashed", evil, evil), about=evil)
    page = render_html(report_of(record, note=evil))
    assert "<script>alert" not in page
    assert stories(page)[0]["record"]["log_tail"] == evil
    assert page.count("<script") == page.count("</script>")


def test_the_page_asks_nobody_for_anything():
    page = render_html(report_of(AGREES))
    assert "default-src 'none'" in page
    assert re.findall(r"""(?:src|href)=["'](?!#|data:)""", page) == []
    assert "@import" not in page
    assert "url(" not in page


def test_totals_by_channel_say_how_many_scenarios_differ():
    page = render_html(report_of(AGREES, DIFFERS))
    row = re.search(r">reports</button></dt>\s*<dd>(.*?)</dd>", page)
    assert row is not None
    assert row[1].startswith("0 <b>≠ 1</b>")


def test_what_was_not_covered_is_said():
    skipped = judged(trace(SESSION), Skipped("needs workers"), name="s")
    page = render_html(report_of(AGREES, skipped, note="recorded traces stand in"))
    assert "s was skipped: rust skipped it: needs workers." in page
    assert "recorded traces stand in." in page
    assert "The channel saves is empty" in page


def test_other_matrices_stand_below_the_scenarios_with_their_details():
    agrees = Cell(sign="✓", tone="good", words="3 cases")
    differs = Cell(sign="≠", tone="bad", words="1 of 3")
    row = MatrixRow(label="Stop<b>", cells=(agrees, differs), details=("code was OK",))
    matrix = Matrix(title="Interop", about="Who calls whom.", columns=("a", "b"), rows=(row,))
    page = render_html(report_of(AGREES), [matrix])
    assert '<h2 id="matrix-1">Interop</h2>' in page
    assert "<summary>Stop&lt;b&gt;</summary><ul><li>code was OK</li></ul>" in page
    assert re.findall(r'<td class="player (\w+)">', page) == ["good", "bad"]


def test_an_interrupted_run_does_not_look_whole():
    page = render_html(report_of(AGREES, interrupted=True))
    assert "Interrupted; nothing that was played needs a look" in page


def test_the_timeline_labels_each_kind_of_event():
    script = (Path(html.__file__).parent / "static" / "timeline.js").read_text(encoding="utf-8")
    (kinds,) = re.findall(r"^const KINDS = \{\n(.*?)^\};", script, re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"^  (\w+): ", kinds, re.MULTILINE)) == set(CHANNEL_OF_KIND)
