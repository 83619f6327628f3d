"""One scenario on one player, and two traces against each other."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from parity import project
from parity.compare import compare
from parity.expectations import unmet, unmet_bounds
from parity.loading import find_scenarios, load_scenario
from parity.model import canonical_json
from parity.needs import play
from parity.peers import choose_player, open_player
from parity.players.outcome import Failed, Played, Skipped, Summarized
from parity.problems import UsageError
from parity.trace import Trace, event_to_json


def replay(
    path: Path, on: str, seed: int | None, out: Path | None, limit: float, console: Console
) -> int:
    """Play, show every event and every broken expectation; 0, 1 if one is broken, 3 if it failed.

    Raises:
      UsageError: something that was given is wrong.
      PortUnavailableError: there is no such player here.
    """
    ((path, base),) = find_scenarios([_one_file(path)], project.SCENARIOS).items()
    file = load_scenario(path, base)
    player = open_player(choose_player(on).spec, limit)
    try:
        outcome = play(player, file, seed)
    finally:
        player.close()
    match outcome:
        case Failed(failure, message, log_tail):
            console.print(f"{on} {failure}: {message}", soft_wrap=True, markup=False)
            console.print(log_tail, markup=False)
            return 3
        case Skipped(reason):
            console.print(f"{on} skipped it: {reason}", soft_wrap=True, markup=False)
            return 0
        case Summarized(summary):
            shown = canonical_json(summary.model_dump(mode="json", exclude_unset=True))
            console.print(shown, soft_wrap=True, markup=False)
            return 0
        case Played(trace, late):
            if out is not None:
                _write(out, trace.text())
            _show(trace, console)
            broken = (*unmet(file.scenario, trace, player.timing), *unmet_bounds(late))
            for each in broken:
                console.print(f"broken: {each}", soft_wrap=True, markup=False)
            return 1 if broken else 0


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
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder; one scenario file would be right")
    return path


def _show(trace: Trace, console: Console) -> None:
    for event in trace.events:
        document = event_to_json(event)
        ms, lane, kind = document.pop("ms"), document.pop("lane"), document.pop("kind")
        fields = " ".join(f"{key}={canonical_json(value)}" for key, value in document.items())
        line = f"{ms / 1000:>9.3f} s  {lane:<16} {kind:<12} {fields}"
        console.print(line, soft_wrap=True, markup=False)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: can't be written: {error.strerror}") from None


def _read(path: Path) -> Trace:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(document, dict):
            document = document.get("trace", document)
        return Trace.from_json(document)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"{path}: no trace: {error}; replay --out writes one") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: no trace: {where}: {first['msg']}") from None
