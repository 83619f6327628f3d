"""What a run prints as it goes."""

from __future__ import annotations

import re
from io import StringIO

from rich.console import Console

from parity.report.terminal.console import RunPrinter
from parity.verdict.record import Record


def record(scenario, verdict="agree"):
    return Record(
        scenario=scenario, file=f"{scenario}.yaml", about="", covers=(), digest="",
        reference="python", peer="rust", verdict=verdict, replay=f"again {scenario}",
    )  # fmt: skip


def screen(terminal, *records, seconds=1.0, verbose=False):
    """All that was written while these records came in, one each so many seconds."""
    out = StringIO()
    time = 0.0
    console = Console(file=out, force_terminal=terminal, width=80, color_system=None)
    printer = RunPrinter(console, width=10, total=4, now=lambda: time, verbose=verbose)
    with printer:
        for each in records:
            time += seconds
            printer.record(each)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())


def test_a_terminal_shows_how_many_are_done_how_fast_and_how_long_it_will_take():
    shown = screen(True, record("a"), record("b"), record("c"), seconds=0.5)
    assert "3/4" in shown
    assert "2.0/s" in shown
    assert "00:01" in shown


def test_a_terminal_shows_how_many_are_not_well_so_far():
    assert "2 not well" in screen(True, record("a", "differs"), record("b", "failed"), record("c"))
    assert "not well" not in screen(True, record("a"), record("b", "skipped"))


def test_elsewhere_there_are_plain_lines_of_what_needs_a_look():
    lines = screen(False, record("a"), record("b", "differs"), record("c", "known")).splitlines()
    assert lines == ["differs         b         "]


def test_verbose_there_is_a_line_for_each_and_all_that_is_known_of_it():
    shown = screen(False, record("a"), record("b", "differs"), verbose=True)
    assert shown.splitlines() == [
        "agree           a         ",
        "differs         b         ",
        "    replay: again b",
    ]


def test_the_log_is_shown_of_a_driver_that_failed_and_of_no_other():
    logged = [record("a"), record("b", "differs"), record("c", "failed")]
    records = [each.model_copy(update={"log_tail": f"{each.scenario} said"}) for each in logged]
    shown = screen(False, *records, verbose=True)
    assert re.findall(r"\w said", shown) == ["c said"]
