"""``monolith-parity baseline``: plays, then updates the list of known differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console

from parity.app import run as runner
from parity.app.baseline_file import KnownEdit, edit_known
from parity.app.run import RunOptions
from parity.base import project
from parity.base.problems import UsageError
from parity.spec.loading import load_all
from parity.verdict.compare import Difference
from parity.verdict.known import (
    SHORTEST_REASON,
    KnownDifference,
    KnownDifferences,
    KnownEntry,
    catalogue,
    difference_id,
)
from parity.verdict.record import EXIT_CODES, Record, exit_code, was_compared


@dataclass(frozen=True)
class BaselineOptions:
    """Options of ``monolith-parity baseline``; ``reason`` is given to new differences."""

    update: bool
    prune: bool
    reason: str | None
    today: date


def baseline(options: BaselineOptions, play: RunOptions, console: Console) -> int:
    """Play, edit the list and print the changes; return 0, or a run's code if anything is left.

    Raises:
        UsageError: Something that was given is wrong; nothing was edited.
        PortUnavailableError: A player that was asked for can't be had.
        OutputError: The report or the list can't be written.
    """
    if not (options.update or options.prune):
        raise UsageError("baseline: nothing to do; expected --update, --prune or both")
    if options.reason is not None and len(options.reason) < SHORTEST_REASON:
        raise UsageError(
            f"baseline: --reason {options.reason!r} is too short; "
            f"expected at least {SHORTEST_REASON} characters that say why"
        )
    if options.prune:
        _prune_unknown(play.paths, console)
    records = runner.play(play, console).records
    known = KnownDifferences.load(project.KNOWN_DIFFERENCES)
    edit = KnownEdit()
    if options.update:
        _update(edit, records, known, options)
    if options.prune:
        edit.removed |= {entry.known.key for entry in _agreeing(records, known)}
    _apply(edit, console)
    return _what_is_left(records, console)


def _prune_unknown(paths: Sequence[Path], console: Console) -> None:
    """Remove entries of scenarios that don't exist, as a run would refuse the list."""
    known = KnownDifferences.load(project.KNOWN_DIFFERENCES)
    names = catalogue() | {file.name for file in load_all(paths)}
    _apply(KnownEdit(removed={entry.known.key for entry in known.unknown(names)}), console)


def _update(
    edit: KnownEdit, records: Iterable[Record], known: KnownDifferences, options: BaselineOptions
) -> None:
    new: list[Difference] = []
    for record in records:
        if not _can_be_accepted(record):
            continue
        entries = known.of(record.scenario)
        for difference in record.differences:
            entry, now = entries.get(difference.channel), difference_id(difference)
            if entry is None:
                new.append(difference)
                if options.reason is not None:
                    edit.added.append(
                        KnownDifference(
                            scenario=record.scenario,
                            channel=difference.channel,
                            reason=options.reason,
                            since=options.today,
                            difference=now,
                        )
                    )
            elif entry.known.difference != now:
                changes = {"difference": now, "since": options.today}
                if options.reason is not None:
                    changes["reason"] = options.reason
                edit.changed[entry.known.key] = entry.known.model_copy(update=changes)
    if new and options.reason is None:
        raise UsageError(
            f"baseline: {len(new)} differences aren't listed yet; "
            'expected --reason "a sentence that says why each is accepted"'
        )


def _can_be_accepted(record: Record) -> bool:
    """Return whether neither side broke an expectation and both are deterministic."""
    return _was_compared(record) and not record.broken


def _was_compared(record: Record) -> bool:
    """Return whether the record has differences to list: no summary, and deterministic."""
    return was_compared(record) and bool(record.agreements) and record.verdict != "nondeterministic"


def _agreeing(records: Iterable[Record], known: KnownDifferences) -> Iterable[KnownEntry]:
    for record in records:
        if _was_compared(record):
            differing = {difference.channel for difference in record.differences}
            for channel, entry in known.of(record.scenario).items():
                if channel not in differing:
                    yield entry


def _apply(edit: KnownEdit, console: Console) -> None:
    if not edit:
        return
    edit_known(project.KNOWN_DIFFERENCES, edit)
    for did, keys in (
        ("added", [each.key for each in edit.added]),
        ("changed", sorted(edit.changed)),
        ("removed", sorted(edit.removed)),
    ):
        for scenario, channel in keys:
            console.print(f"{did}: {scenario}, {channel}", soft_wrap=True, markup=False)


def _what_is_left(records: Iterable[Record], console: Console) -> int:
    """Print the records that the edited list doesn't settle, and return their exit code."""
    known = KnownDifferences.load(project.KNOWN_DIFFERENCES)
    left = [each for each in records if EXIT_CODES[each.verdict] and not _settled(each, known)]
    for record in left:
        text = f"left as it is: {record.scenario}: {record.verdict}"
        console.print(text, soft_wrap=True, markup=False)
    return exit_code([record.verdict for record in left])


def _settled(record: Record, known: KnownDifferences) -> bool:
    found = {each.channel: difference_id(each) for each in record.differences}
    listed = {channel: each.known.difference for channel, each in known.of(record.scenario).items()}
    return _can_be_accepted(record) and found == listed
