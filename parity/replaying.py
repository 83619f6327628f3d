"""One scenario replayed on one player or on two, and two traces against each other."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from rich.console import Console

from monolith_hooks.clock import SYSTEM_CLOCK, Clock
from parity import project
from parity.compare import Comparison, compare
from parity.expectations import unmet, unmet_bounds
from parity.loading import find_scenarios, load_scenario
from parity.model import canonical_json, first_error
from parity.needs import lacking
from parity.peers import Choice, choose_player, open_player
from parity.players.outcome import (
    Failed,
    Outcome,
    Played,
    Player,
    Skipped,
    Summarized,
    common_timing,
)
from parity.problems import UsageError
from parity.replay.moments import Play, play_of
from parity.replay.playback import Ask, print_all, show_live, step_through
from parity.replay.watching import whenever_changed
from parity.schedules import Schedule
from parity.strict_json import read_json
from parity.trace import Trace

_INTERRUPTED: Final = 130


@dataclass(frozen=True)
class ReplayOptions:
    """What ``monolith-parity replay`` was asked for.

    ``on`` is the player; with ``both`` the one beside python. ``speed`` is in events a
    second, on a terminal.
    """

    path: Path
    on: str | None = None
    both: bool = False
    seed: int | None = None
    schedule: Schedule | None = None
    out: Path | None = None
    limit: float = 60.0
    step: bool = False
    watch: bool = False
    speed: float = 4.0


def replay(
    options: ReplayOptions, console: Console, clock: Clock = SYSTEM_CLOCK, ask: Ask | None = None
) -> int:
    """Play, then show it event by event; the exit code.

    That is 0, 1 if an expectation is broken or the two sides differ, 3 if a player
    failed, and 130 after Ctrl-C.

    Raises:
      UsageError: something that was given is wrong.
      PortUnavailableError: there is no such player here.
    """
    path = _one_file(options.path)
    if options.both and options.out is not None:
        raise UsageError("--out with --both: a trace is one side's; --on PLAYER would be right")
    choices = _choices(options)
    for choice in choices:
        if choice.note:
            console.print(choice.note, style="cyan", soft_wrap=True, markup=False)
    with ExitStack() as stack:
        players = [open_player(choice.spec, options.limit) for choice in choices]
        for player in players:
            stack.callback(player.close)
        showing = _Showing(options, players, console, clock, ask or _from_keyboard)
        try:
            if not options.watch:
                return showing.once(path)
            whenever_changed(path, lambda: showing.once_whatever_it_is(path), clock)
        except KeyboardInterrupt:
            pass
        return _INTERRUPTED


def _choices(options: ReplayOptions) -> list[Choice]:
    if options.both:
        return [choose_player("python"), choose_player(options.on)]
    return [choose_player(options.on or "python")]


@dataclass(frozen=True)
class _Showing:
    """Plays one scenario and shows it."""

    options: ReplayOptions
    players: Sequence[Player]
    console: Console
    clock: Clock
    ask: Ask

    def once_whatever_it_is(self, path: Path) -> None:
        """A scenario that is being written has its mistakes; the next change may mend them."""
        try:
            self.once(path)
        except UsageError as error:
            self._say(str(error))
        self._say(f"waiting for {path} to change; Ctrl-C ends")

    def once(self, path: Path) -> int:
        ((path, base),) = find_scenarios([path], project.SCENARIOS).items()
        file = load_scenario(path, base)
        seed, schedule = self.options.seed, self.options.schedule
        outcomes = [
            lacking(player, file) or player.play(file, seed, schedule) for player in self.players
        ]
        played = [outcome for outcome in outcomes if isinstance(outcome, Played)]
        if len(played) < len(outcomes):
            codes = [self._say_outcome(*each) for each in zip(self._names, outcomes, strict=True)]
            return max(codes)
        traces = [each.trace for each in played]
        if self.options.out is not None:
            _write(self.options.out, traces[0].text())
        self._show(play_of(file.scenario, *traces))
        code = 0
        for player, each in zip(self.players, played, strict=True):
            of = f" by {player.name}" if len(played) > 1 else ""
            for broken in (
                *unmet(file.scenario, each.trace, player.timing),
                *unmet_bounds(each.late),
            ):
                self._say(f"broken{of}: {broken}")
                code = 1
        if len(traces) > 1:
            timing = common_timing(*self.players)
            code = max(code, self._say_differences(compare(traces[0], traces[1], timing)))
        return code

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(player.name for player in self.players)

    def _show(self, play: Play) -> None:
        if self.options.step:
            step_through(play, self._names, self.ask, self.console)
        elif self.console.is_terminal:
            show_live(play, self._names, self.options.speed, self.clock, self.console)
        else:
            print_all(play, self.console)

    def _say_outcome(self, name: str, outcome: Outcome) -> int:
        match outcome:
            case Failed(failure, message, log_tail):
                self._say(f"{name} {failure}: {message}")
                self._say(log_tail)
                return 3
            case Skipped(reason):
                self._say(f"{name} skipped it: {reason}")
            case Summarized(summary):
                document = summary.model_dump(mode="json", exclude_unset=True)
                self._say(f"{name} has a summary, no trace: {canonical_json(document)}")
            case Played():
                self._say(f"{name} played it")
        return 0

    def _say_differences(self, comparison: Comparison) -> int:
        for difference in comparison.differences:
            self._say(
                f"{difference.channel}: first difference at {difference.ms} ms "
                f"on lane {difference.lane}"
            )
        if not comparison.differences:
            self._say(f"equal: {sum(comparison.agreements.values())} events")
        return 1 if comparison.differences else 0

    def _say(self, text: str) -> None:
        if text:
            self.console.print(text, soft_wrap=True, markup=False)


def _from_keyboard() -> str | None:
    line = sys.stdin.readline()
    return line or None


def diff(left: Path, right: Path, console: Console) -> int:
    """Show the first difference of each channel; 0 if there is none, else 1.

    Raises:
      UsageError: a file isn't a trace.
    """
    comparison = compare(_read(left), _read(right))
    for difference in comparison.differences:
        console.print(
            f"{difference.channel}, lane {difference.lane}, {difference.ms} ms",
            soft_wrap=True,
            markup=False,
        )
        for event in difference.before:
            console.print(f"    {event}", soft_wrap=True, markup=False)
        for sign, path, first, after in (
            ("-", left, difference.reference, difference.after_reference),
            ("+", right, difference.peer, difference.after_peer),
        ):
            text = first or f"(nothing more in {path})"
            console.print(f"  {sign} {text}", soft_wrap=True, markup=False)
            for each in after:
                console.print(f"  {sign}   then {each}", soft_wrap=True, markup=False)
    if not comparison.differences:
        console.print(f"equal: {sum(comparison.agreements.values())} events")
    return 1 if comparison.differences else 0


def _one_file(path: Path) -> Path:
    if os.path.isdir(path):  # Path's own would raise where a name is too long.
        raise UsageError(f"{path}: this is a folder; one scenario file would be right")
    return path


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: can't be written: {error.strerror}") from None


def _read(path: Path) -> Trace:
    try:
        document = read_json(path)
        if isinstance(document, dict):
            document = document.get("trace", document)
        return Trace.from_json(document)
    except ValidationError as error:
        raise UsageError(f"{path}: no trace: {first_error(error)}") from None
    except ValueError as error:
        raise UsageError(f"{path}: no trace: {error}; replay --out writes one") from None
