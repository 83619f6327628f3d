"""The command ``campaign``: many runs, what each broke, and a table of the promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from pydantic import ValidationError

from parity.base.bounds import LARGEST_JSON
from parity.base.files import make_folder, read_text, write_whole
from parity.base.model import frozen
from parity.base.problems import UsageError
from parity.base.terminal_text import counted
from parity.base.validation_words import said
from parity.campaign.drawing import page
from parity.campaign.history import History
from parity.campaign.plan import HookSetup, Plan, draw_plan
from parity.campaign.play import play
from parity.campaign.promises import PROMISES, Promise
from parity.campaign.shrinking import shrink
from parity.players.cluster.processes import Zygote

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class CampaignOptions:
    """What the command was given."""

    seed: int
    runs: int
    setup: HookSetup
    workers: int
    out: Path
    replay: Path | None
    """A plan or a history, which is played ``runs`` times instead of what the seed draws."""
    shrink: int
    """How many smaller plans are tried at most for a run that broke a promise."""


@dataclass
class _Tally:
    """What came of all runs, by promise."""

    runs: int = 0
    calls: int = 0
    chances: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)

    def add(self, history: History, breaches: dict[str, list[str]]) -> None:
        self.runs += 1
        self.calls += len(history.calls)
        for promise in PROMISES:
            name = promise.name
            self.chances[name] = self.chances.get(name, 0) + promise.chances(history)
            self.broken[name] = self.broken.get(name, 0) + bool(breaches.get(name))


def campaign(options: CampaignOptions, out: Console) -> int:
    """Play the runs, and return the exit code: 1 if a promise that must hold was broken."""
    plans = list(_plans(options))
    make_folder(options.out)
    tally = _Tally()
    bad: list[tuple[Plan, Promise]] = []
    with _Zygotes(options.workers) as zygotes, ThreadPoolExecutor(options.workers) as pool:
        for history in pool.map(zygotes.play, plans):
            breaches = find_breaches(history)
            tally.add(history, breaches)
            broken = [each for each in PROMISES if each.name in breaches and _holds(each, history)]
            _say(out, _line(history, breaches, broken))
            if broken:
                bad.append((history.plan, broken[0]))
            _keep(options.out, history, breaches, broken)
        for plan, promise in bad if options.shrink else ():
            _say(out, _shrunk(zygotes, options, plan, promise))
    _say(out, _table(tally, options.setup))
    return 1 if bad else 0


def find_breaches(history: History) -> dict[str, list[str]]:
    """Return what contradicts each promise, by its name; those that hold aren't in it."""
    found = {promise.name: list(promise.breaches(history)) for promise in PROMISES}
    return {name: breaches for name, breaches in found.items() if breaches}


class _Zygotes:
    """As many processes that start others as runs are played at once."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._all: list[Zygote] = []
        self._free: SimpleQueue[Zygote] = SimpleQueue()

    def __enter__(self) -> _Zygotes:
        for _ in range(self._count):
            zygote = Zygote()
            self._all.append(zygote)
            self._free.put(zygote)
        return self

    def __exit__(self, *_: object) -> None:
        for zygote in self._all:
            zygote.close()

    def play(self, plan: Plan) -> History:
        zygote = self._free.get()
        try:
            return play(plan, zygote)
        finally:
            self._free.put(zygote)


def _plans(options: CampaignOptions) -> Iterator[Plan]:
    if options.replay is not None:
        plan = _read_plan(options.replay)
        yield from (plan for _ in range(options.runs))
        return
    for i in range(options.runs):
        yield draw_plan(options.seed + i, options.setup)


def _read_plan(path: Path) -> Plan:
    try:
        document = json.loads(read_text(path, LARGEST_JSON))
        history = isinstance(document, dict) and "plan" in document
        return Plan.model_validate(frozen(document["plan"] if history else document))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the plan"
        raise UsageError(f"{path}: {place}: {said(first, 'docs/campaigns.md')}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: expected a plan or a history of a campaign: {error}") from None


def _holds(promise: Promise, history: History) -> bool:
    return history.plan.setup in promise.holds


def _say(out: Console, text: str) -> None:
    out.print(text, soft_wrap=True, markup=False, highlight=False)


def _line(history: History, breaches: dict[str, list[str]], broken: list[Promise]) -> str:
    plan = history.plan
    faults = ", ".join(f"{each.fault.trouble} {each.fault.target}" for each in history.faults)
    seconds = history.aftermath.ended / 1_000_000
    lines = [
        f"seed {plan.seed}: {counted(len(history.calls), 'call')}, "
        f"{counted(len(history.steps), 'step')}, {seconds:.1f} s; {faults or 'no faults'}"
    ]
    for promise in broken:
        lines += [f"  BROKEN: {promise.name}", *(f"    {each}" for each in breaches[promise.name])]
    return "\n".join(lines)


def _keep(
    folder: Path, history: History, breaches: dict[str, list[str]], broken: list[Promise]
) -> None:
    """Write the history and its picture, if a promise that must hold was broken."""
    if broken:
        name = f"{history.plan.setup}-{history.plan.seed}"
        said = [f"{promise.name}: {each}" for promise in broken for each in breaches[promise.name]]
        write_whole(folder / f"{name}.json", history.model_dump_json(indent=1) + "\n")
        write_whole(folder / f"{name}.html", page(history, said))


def _shrunk(zygotes: _Zygotes, options: CampaignOptions, plan: Plan, promise: Promise) -> str:
    def breaks(candidate: Plan) -> bool:
        return promise.name in find_breaches(zygotes.play(candidate))

    small = shrink(plan, breaks, options.shrink)
    path = options.out / f"{plan.setup}-{plan.seed}-small.json"
    write_whole(path, small.model_dump_json(indent=1) + "\n")
    calls = sum(map(len, small.calls.values()))
    return (
        f"seed {plan.seed}: {counted(len(small.faults), 'fault')} and "
        f"{counted(calls, 'call')} are left of it: monolith-parity campaign --replay {path}"
    )


def _table(tally: _Tally, setup: HookSetup) -> str:
    rows = [f"{counted(tally.runs, 'run')}, {counted(tally.calls, 'call')}, {setup} setup", ""]
    rows += [
        "| promise | must hold | occasions | runs that broke it |",
        "| --- | --- | --- | --- |",
    ]
    for promise in PROMISES:
        must = "yes" if setup in promise.holds else "no"
        name = promise.name
        rows.append(f"| {name} | {must} | {tally.chances[name]} | {tally.broken[name]} |")
    untested = [
        promise.name
        for promise in PROMISES
        if setup in promise.holds and not tally.chances[promise.name]
    ]
    if untested:
        rows += ["", f"No run had an occasion to break: {'; '.join(untested)}. More --runs may."]
    return "\n".join(rows)
