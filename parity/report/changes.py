"""The changes between two runs, and whether they got worse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from rich.console import Console
from rich.text import Text

from parity.base.model import Model
from parity.report.report import Report
from parity.verdict.record import EXIT_CODES, Record

Change = Literal["newly differing", "differs otherwise", "no longer played", "fixed", "new", "gone"]

_STYLES: Final[dict[Change, str]] = {
    "newly differing": "bold red",
    "differs otherwise": "bold red",
    "no longer played": "yellow",
    "fixed": "green",
    "new": "cyan",
    "gone": "cyan",
}


class Changed(Model):
    """One scenario that isn't as it was; verdicts and channels are None or empty where absent."""

    scenario: str
    change: Change
    worse: bool
    old: str | None
    new: str | None
    channels: tuple[str, ...] = ()
    replay: str = ""


def changes(old: Report, new: Report) -> tuple[Changed, ...]:
    """Return every scenario that changed, those that got worse first."""
    before = {record.scenario: record for record in old.records}
    after = {record.scenario: record for record in new.records}
    found = [
        change
        for name in dict.fromkeys([*before, *after])
        for change in _change(before.get(name), after.get(name))
    ]
    order = list(_STYLES)
    return tuple(
        sorted(found, key=lambda each: (not each.worse, order.index(each.change), each.scenario))
    )


def show_changes(old: Report, new: Report, console: Console) -> int:
    """Print the changes, and return 1 if anything got worse, else 0."""
    found = changes(old, new)
    for key in ("reference", "peer", "seed"):
        ours, theirs = getattr(old.header, key), getattr(new.header, key)
        if ours != theirs:
            _line(console, f"note: {key} was {ours} and is {theirs}", "dim")
    for each in found:
        verdicts = f"{each.old or 'not there'} -> {each.new or 'not there'}"
        channels = f" ({', '.join(each.channels)})" if each.channels else ""
        text = f"{each.change:<18}{each.scenario}: {verdicts}{channels}"
        _line(console, text, _STYLES[each.change])
        if each.worse and each.replay:
            _line(console, f"    replay: {each.replay}", "bold")
    worse = sum(each.worse for each in found)
    same = len({record.scenario for record in new.records} - {each.scenario for each in found})
    counts = [
        f"{sum(each.change == change for each in found)} {change}"
        for change in _STYLES
        if any(each.change == change for each in found)
    ]
    said = f"{worse} got worse" if worse else "nothing got worse"
    _line(
        console, "; ".join([said, *counts, f"{same} as before"]), "bold red" if worse else "green"
    )
    return 1 if worse else 0


def _change(old: Record | None, new: Record | None) -> Iterator[Changed]:
    """Yield the change of one scenario, if there is one."""
    if new is None:
        assert old is not None
        yield Changed(scenario=old.scenario, change="gone", worse=False, old=old.verdict, new=None)
        return
    channels = tuple(difference.channel for difference in new.differences)

    def changed(change: Change, *, worse: bool, of: tuple[str, ...] = channels) -> Changed:
        return Changed(
            scenario=new.scenario,
            change=change,
            worse=worse,
            old=None if old is None else old.verdict,
            new=new.verdict,
            channels=of,
            replay=new.replay,
        )

    if old is None:
        yield changed("new", worse=_rank(new) == _BAD)
    elif _rank(new) == _BAD and _rank(old) != _BAD:
        yield changed("newly differing", worse=True)
    elif _rank(new) == _BAD:
        if _shown(old) != _shown(new):
            known = {difference.channel for difference in old.differences}
            more = tuple(channel for channel in channels if channel not in known)
            yield changed("differs otherwise", worse=bool(more), of=more or channels)
    elif _rank(old) == _BAD and _rank(new) == _GOOD:
        yield changed("fixed", worse=False)
    elif _rank(new) == _UNPLAYED and _rank(old) != _UNPLAYED:
        yield changed("no longer played", worse=True)


_GOOD: Final = 0
_UNPLAYED: Final = 1
_BAD: Final = 2


def _rank(record: Record) -> int:
    if EXIT_CODES[record.verdict]:
        return _BAD
    return _UNPLAYED if record.verdict in {"skipped", "not run"} else _GOOD


def _shown(record: Record) -> tuple[str, frozenset[str]]:
    return record.verdict, frozenset(each.identity() for each in record.differences)


def _line(console: Console, text: str, style: str) -> None:
    console.print(Text(text, style=style), soft_wrap=True)
