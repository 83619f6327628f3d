"""Going through a play, on a terminal and elsewhere."""

from __future__ import annotations

import re
from io import StringIO

from rich.console import Console

from monolith_hooks.clock import SystemClock
from parity.report.terminal.moments import play_of
from parity.report.terminal.playback import print_all, show_live, step_through
from tests.parity.samples import PLACED, REPORT, SESSION, STEP, scenario, trace

PLAY = play_of(scenario(cluster={"workers": 2}), trace(SESSION, STEP, REPORT, PLACED))
BOTH = play_of(scenario(), trace(SESSION, PLACED), trace(SESSION, REPORT, PLACED))


class Stopwatch(SystemClock):
    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Screen:
    def __init__(self, terminal=True, **options) -> None:
        self._out = StringIO()
        self.console = Console(
            file=self._out, force_terminal=terminal, width=100, height=24, **options
        )

    @property
    def raw(self):
        return self._out.getvalue()

    @property
    def text(self):
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.raw)

    def lines_with(self, word):
        return [line for line in self.text.splitlines() if word in line]


def test_elsewhere_than_on_a_terminal_each_event_is_a_line():
    screen = Screen(terminal=False)
    print_all(PLAY, screen.console)
    assert screen.raw.splitlines()[1] == (
        "    0.000 s  main             step         worker=0 global_step=1"
    )
    assert len(screen.raw.splitlines()) == 4


def test_a_comparison_marks_its_first_difference_without_colours():
    screen = Screen(terminal=False)
    print_all(BOTH, screen.console)
    assert [line[:3] for line in screen.raw.splitlines()] == ["   ", "≠+ ", "   "]


def test_a_terminal_shows_a_moment_after_the_other_at_the_speed_asked_for():
    screen, clock = Screen(), Stopwatch()
    show_live(PLAY, ("python",), 4, clock, screen.console)
    assert clock.slept == [0.25, 0.25, 0.25]
    assert "1 of 4" in screen.text
    assert "4 of 4  barrier: placed" in screen.text


def test_the_lanes_show_what_each_is_doing():
    screen = Screen()
    show_live(PLAY, ("python",), 4, Stopwatch(), screen.console)
    assert "trained to step 1" in screen.lines_with("> main")[-1]
    assert "reported PS 1 OUT_OF_MEMORY" in screen.lines_with("> ps_health")[0]


def test_side_by_side_has_a_column_each_and_names_the_first_difference():
    screen = Screen()
    show_live(BOTH, ("python", "rust"), 4, Stopwatch(), screen.console)
    assert screen.lines_with("python")[0].split()[1:3] == ["python", "rust"]
    assert "≠ first difference at 0.000 s on ps_health" in screen.text
    assert screen.text.index("1 of 3") < screen.text.index("≠ first difference")


def test_no_color_leaves_the_signs(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    screen = Screen()
    show_live(BOTH, ("python", "rust"), 4, Stopwatch(), screen.console)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", screen.raw)
    assert "≠+" in screen.text


def answers(*lines):
    given = iter(lines)
    return lambda: next(given, None)


def test_stepping_shows_the_next_event_at_each_enter():
    screen = Screen(terminal=False)
    step_through(PLAY, ("python",), answers("\n", "q\n"), screen.console)
    assert [line.split()[3] for line in screen.raw.splitlines()] == ["session", "step"]


def test_stepping_can_go_back():
    screen = Screen(terminal=False)
    step_through(PLAY, ("python",), answers("\n", "b\n", "q\n"), screen.console)
    assert [line.split()[3] for line in screen.raw.splitlines()] == ["session", "step", "session"]


def test_stepping_ends_with_the_last_event_and_where_nobody_answers():
    for given in (["\n"] * 4, []):
        screen = Screen(terminal=False)
        step_through(PLAY, ("python",), answers(*given), screen.console)
        assert len(screen.raw.splitlines()) == (4 if given else 1)


def test_stepping_on_a_terminal_says_which_keys_there_are():
    screen = Screen()
    step_through(PLAY, ("python",), answers("q"), screen.console)
    assert "Enter: next   b: back   q: stop" in screen.text


def test_a_play_without_events_shows_nothing():
    screen = Screen()
    show_live(play_of(scenario(), trace()), ("python",), 4, Stopwatch(), screen.console)
    step_through(play_of(scenario(), trace()), ("python",), answers("q"), screen.console)
    assert screen.text == ""
