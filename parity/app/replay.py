"""Replay of one scenario on one or two players, and comparison of two traces."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from rich.console import Console

from monolith_hooks.clock import SYSTEM_CLOCK, Clock
from parity.app.standard_streams import check_standard_output
from parity.app.watching import whenever_changed
from parity.base import project
from parity.base.files import must_be_replaceable, write_whole
from parity.base.model import canonical_json, first_error
from parity.base.problems import UsageError
from parity.base.strict_json import read_json
from parity.players.choose import (
    PlayerChoice,
    choose_reference,
    choose_sides,
    open_players,
)
from parity.players.needs import skip_if_lacking
from parity.players.outcome import (
    Failed,
    Outcome,
    Played,
    Player,
    Skipped,
    Summarized,
)
from parity.report.page.yaml_places import place_of_event
from parity.report.terminal.moments import Play, play_of
from parity.report.terminal.playback import Ask, print_all, show_live, step_through
from parity.spec.loading import ScenarioFile, find_scenario, load_scenario
from parity.spec.ordering import common_ordering
from parity.spec.scenario import Expect
from parity.spec.schedules import Schedule
from parity.spec.summary import summarize
from parity.spec.trace import Trace, event_text
from parity.verdict.compare import COMPARED_CHANNELS, Comparison, compare, shared_channels
from parity.verdict.expectations import unmet, unmet_bounds, unmet_summary

_CANNOT: Final = 3
_INTERRUPTED: Final = 130


@dataclass(frozen=True)
class ReplayOptions:
    """Options of ``monolith-parity replay``.

    ``on`` is the player; with ``both`` it is compared with ``reference``, which is python by
    default. ``speed`` is in events a second, on a terminal.
    """

    path: Path
    on: str | None = None
    both: bool = False
    reference: str | None = None
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
    """Play, show the result event by event, and return the exit code.

    The code is 1 if an expectation is broken or the two sides differ, 3 if a player failed or
    lacks what the scenario needs, 130 after Ctrl-C, and 0 otherwise.

    Raises:
        UsageError: Something that was given is wrong.
        PortUnavailableError: A player isn't available here, or stopped working.
        OutputError: The trace can't be written or, while watching, standard output.
    """
    path, _ = find_scenario(options.path, project.SCENARIOS)
    if options.both and options.out is not None:
        raise UsageError("--out with --both: a trace is one side's; expected --on PLAYER")
    if options.reference is not None and not options.both:
        raise UsageError("--reference: expected with --both, got it alone; --on names one player")
    if options.out is not None:
        must_be_replaceable(options.out)
    choices = _choices(options)
    for choice in choices:
        if choice.note:
            console.print(choice.note, style="cyan", soft_wrap=True, markup=False)
    with open_players([choice.spec for choice in choices], options.limit) as players:
        showing = _Showing(options, players, console, clock, ask or _from_keyboard)
        try:
            if not options.watch:
                return showing.once(path)
            whenever_changed(
                lambda: [path], lambda: showing.show_once_reporting_errors(path), clock
            )
        except KeyboardInterrupt:
            pass
        return _INTERRUPTED


def _choices(options: ReplayOptions) -> list[PlayerChoice]:
    if options.both:
        return list(choose_sides(options.reference, options.on))
    return [choose_reference(options.on)]


@dataclass(frozen=True)
class _Showing:
    """Player of one scenario, which shows what came of it."""

    options: ReplayOptions
    players: Sequence[Player]
    console: Console
    clock: Clock
    ask: Ask

    def show_once_reporting_errors(self, path: Path) -> None:
        """Play and show the scenario, printing its errors, as the next change may fix them."""
        try:
            self.once(path)
        except UsageError as error:
            self._say(str(error))
        self._say(f"waiting for {path} to change; Ctrl-C ends")
        check_standard_output()

    def once(self, path: Path) -> int:
        file = load_scenario(*find_scenario(path, project.SCENARIOS))
        seed, schedule = self.options.seed, self.options.schedule
        outcomes = [
            skip_if_lacking(player, file) or player.play(file, seed, schedule)
            for player in self.players
        ]
        played = [outcome for outcome in outcomes if isinstance(outcome, Played)]
        if len(played) < len(outcomes):
            return self._say_what_came(file, outcomes)
        traces = [each.trace for each in played]
        if self.options.out is not None:
            write_whole(self.options.out, traces[0].text())
        channels = shared_channels(COMPARED_CHANNELS, self.players[-1].channels)
        self._show(play_of(file.scenario, *(each.of_channels(channels) for each in traces)))
        code = 0
        for player, each in zip(self.players, played, strict=True):
            of = f" by {player.name}" if len(played) > 1 else ""
            has = shared_channels(COMPARED_CHANNELS, player.channels)
            for broken in (
                *unmet(file.scenario, each.trace, each.ordering, has),
                *unmet_bounds(each.late),
            ):
                self._say(f"broken{of}: {broken}")
                code = 1
        if len(traces) > 1:
            ordering = common_ordering(each.ordering for each in played)
            comparison = compare(traces[0], traces[1], ordering, channels)
            self._say_differences(file, traces, comparison)
            missing = [each for each in COMPARED_CHANNELS if each not in channels]
            if missing:
                self._say(f"neither shown nor compared: {', '.join(missing)}")
            code = max(code, 1 if comparison.differences else 0)
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

    def _say_what_came(self, file: ScenarioFile, outcomes: Sequence[Outcome]) -> int:
        """Say which players gave no trace, and return 3 if nothing is left to show or compare."""
        codes = [self._say_outcome(*each) for each in zip(self._names, outcomes, strict=True)]
        match outcomes:
            case [Played(trace), Summarized(summary)]:
                codes.append(self._say_summary(summarize(file.scenario, trace), summary))
            case [_, _]:
                self._say("nothing was compared")
                codes.append(_CANNOT)
        return max(codes)

    def _say_outcome(self, name: str, outcome: Outcome) -> int:
        match outcome:
            case Failed(failure, message, log_tail):
                self._say(f"{name} {failure}: {message}")
                self._say(log_tail)
                return _CANNOT
            case Skipped(reason):
                self._say(f"{name} skipped it: {reason}")
                return _CANNOT
            case Summarized(summary):
                document = summary.model_dump(mode="json", exclude_unset=True)
                self._say(f"{name} has a summary, no trace: {canonical_json(document)}")
            case Played():
                self._say(f"{name} played it")
        return 0

    def _say_summary(self, ours: Expect, theirs: Expect) -> int:
        compared = ours.model_fields_set & theirs.model_fields_set
        if not compared:
            self._say("nothing was compared")
            return _CANNOT
        differing = unmet_summary(ours, theirs)
        (left, right) = self._names
        for each in differing:
            key = each.path.removeprefix("expect.")
            self._say(f"{key}: {left} has {each.expected}, {right} has {each.got}")
        if not differing:
            self._say(f"equal: {', '.join(sorted(compared))}")
        return 1 if differing else 0

    def _say_differences(
        self, file: ScenarioFile, traces: Sequence[Trace], comparison: Comparison
    ) -> None:
        """Print each channel's first differing events, and the step that was being played."""
        for difference in comparison.differences:
            self._say(f"{difference.channel}: {difference.sentence()}")
            if comparison.ordering == "untimed":
                continue  # In real time the step isn't known.
            settles = comparison.ordering != "lanes"
            for trace, event in zip(traces, (difference.reference, difference.peer), strict=True):
                if event is None:
                    continue
                place = place_of_event(file.text, trace, event, settles=settles)
                if place is not None:
                    self._say(f"    in {project.shown(file.path)}:{place.first}, {place.words}")
                break
        if not comparison.differences:
            self._say(f"equal: {sum(comparison.agreements.values())} events")

    def _say(self, text: str) -> None:
        if text:
            self.console.print(text, soft_wrap=True, markup=False)


def _from_keyboard() -> str | None:
    line = sys.stdin.readline()
    return line or None


def diff(left: Path, right: Path, console: Console) -> int:
    """Show the first difference of each channel, and return 0 if there is none, else 1.

    Raises:
        UsageError: A file isn't a trace.
    """
    comparison = compare(_read(left), _read(right))
    for difference in comparison.differences:
        console.print(
            f"{difference.channel}, lane {difference.lane}, {difference.ms} ms",
            soft_wrap=True,
            markup=False,
        )
        for event in difference.before:
            console.print(f"    {event_text(event)}", soft_wrap=True, markup=False)
        for sign, path, first, after in (
            ("-", left, difference.reference, difference.after_reference),
            ("+", right, difference.peer, difference.after_peer),
        ):
            text = event_text(first) if first else f"(nothing more in {path})"
            console.print(f"  {sign} {text}", soft_wrap=True, markup=False)
            for each in after:
                console.print(f"  {sign}   then {event_text(each)}", soft_wrap=True, markup=False)
    if not comparison.differences:
        console.print(f"equal: {sum(comparison.agreements.values())} events")
    return 1 if comparison.differences else 0


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
