"""``monolith-parity smoke``: a quick check that a driver speaks the protocol."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from rich.console import Console

from parity.base.model import canonical_json
from parity.base.problems import PortUnavailableError
from parity.base.terminal_text import counted
from parity.players.choose import choose_player, open_player
from parity.players.driver.player import DriverPlayer
from parity.players.needs import play_if_able
from parity.players.outcome import Failed, Played, Player, Skipped
from parity.spec.capabilities import KINDS
from parity.spec.loading import ScenarioFile, load_all
from parity.spec.protocol import Hello
from parity.spec.trace import CHANNELS

_CANNOT: Final = 3
_REASONS: Final = 3
"""How many reasons are shown if every scenario is skipped."""


def smoke(asked: str, limit: float, console: Console) -> int:
    """Greet a driver, have it play the smallest scenario that it supports, and say bye.

    Returns 0, or 3 if something is wrong, which is printed.

    Raises:
        UsageError: ``asked`` isn't a command line.
        PortUnavailableError: The driver can't be started, or fails at hello.
    """
    player = open_player(choose_player(asked).spec, limit)
    try:
        if isinstance(player, DriverPlayer) and player.hello is not None:
            for line in _introduction(player.hello):
                console.print(f"hello  {line}", soft_wrap=True)
        played = _play(player, console)
    finally:
        wrong = player.close()
    console.print(f"bye    {wrong or 'it ended well'}", soft_wrap=True)
    if wrong or not played:
        return _CANNOT
    command = f"monolith-parity run --peer {shlex.quote(asked)}"
    console.print(f"next   {command}, which compares all that it can play", soft_wrap=True)
    return 0


def _introduction(hello: Hello) -> Iterator[str]:
    yield f"{hello.implementation} {hello.version} ({hello.language}), protocol {hello.protocol}"
    kinds = [word for word in hello.capabilities if word in KINDS]
    if kinds:
        yield f"it has {len(kinds)} of {len(KINDS)} kinds of hooks, faults and steps"
    else:
        yield "it names no kinds of hooks, faults and steps, so it says itself what it lacks"
    has = CHANNELS if hello.channels is None else hello.channels
    yield f"channels: {'all' if set(has) == set(CHANNELS) else ', '.join(has)}"


def _play(player: Player, console: Console) -> bool:
    """Play scenarios until one gives a trace, and return whether one did."""
    skips: list[str] = []
    for file in sorted(load_all([]), key=_size):
        outcome = play_if_able(player, file)
        match outcome:
            case Skipped(reason):
                skips.append(f"{file.name}: {reason}")
                continue
            case Played(trace):
                skipped = f", after {len(skips)} that it skipped" if skips else ""
                console.print(
                    f"play   {file.name}: a trace of {counted(len(trace.events), 'event')}"
                    f"{skipped}",
                    soft_wrap=True,
                )
                return True
            case Failed(failure, message, log_tail):
                console.print(f"play   {file.name}: {failure}: {message}", soft_wrap=True)
                for line in log_tail.splitlines():
                    console.print(f"       its log: {line}", soft_wrap=True)
                return False
            case _:
                raise PortUnavailableError(f"{player.name}: expected a driver, got summaries")
    console.print(f"play   it skipped all of {len(skips)} scenarios, such as", soft_wrap=True)
    for line in skips[:_REASONS]:
        console.print(f"       {line}", soft_wrap=True)
    return False


def _size(file: ScenarioFile) -> tuple[int, str]:
    return len(canonical_json(file.scenario.canonical())), file.name
