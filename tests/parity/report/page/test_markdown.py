"""The summary for a CI job."""

from __future__ import annotations

from parity.players.outcome import Failed
from parity.report.page.markdown import render_markdown
from tests.parity.samples import REPORT, SESSION, judged, report_of, trace

AGREES = judged(trace(SESSION), name="agrees")


def bad(name="a_b", message="x|y `z` <b>"):
    return judged(trace(SESSION), Failed("crashed", message), name=name)


def test_totals_come_worst_first():
    text = render_markdown(report_of(AGREES, bad()))
    assert text.startswith("## Parity of python and rust: 1 of 2 scenarios need a look\n")
    assert "| ✕ failed | 1 |\n| ✓ agree | 1 |" in text


def test_what_needs_a_look_comes_with_the_command_that_replays_it():
    text = render_markdown(report_of(judged(trace(SESSION), trace(SESSION, REPORT), name="x")))
    assert "| x | ≠ differs: reports: first difference at 0 ms" in text
    assert "| `monolith-parity replay x.yaml --both --on rust` |" in text


def test_what_is_written_in_a_table_cannot_end_its_cell_or_become_markup():
    text = render_markdown(report_of(bad()))
    (line,) = [line for line in text.splitlines() if "crashed" in line and line.startswith("|")]
    assert r"| a\_b | ✕ failed: rust, crashed: x\|y \`z\` &lt;b> |" in line


def test_of_very_many_only_the_first_are_listed_and_the_others_counted():
    text = render_markdown(report_of(*(bad(f"s{i:03}") for i in range(60))))
    assert text.count("| ✕ failed: rust, crashed") == 50
    assert "60 need a look, 1 cause:" in text
    assert "| and 10 more | | |" in text


def test_a_run_with_nothing_bad_lists_nothing():
    text = render_markdown(report_of(AGREES))
    assert "nothing among 1 scenario needs a look" in text
    assert "replay" not in text
    assert "Equal events by channel: session 1." in text
