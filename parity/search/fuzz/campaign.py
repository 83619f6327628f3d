"""``monolith-parity fuzz``: hands batches to processes, keeps their results, and reports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.status import Status

from parity.base import project
from parity.base.executors.choose import executor
from parity.base.executors.tasks import Tasks, as_they_end
from parity.base.folder_lock import held
from parity.base.problems import PortUnavailableError, UsageError
from parity.base.terminal_text import counted
from parity.players.choose import PlayerSpec, choose_player, greet_drivers
from parity.search.fuzz.batches import BatchPlayer, BatchSetup
from parity.search.fuzz.campaign_state import BatchDone, State, header
from parity.search.fuzz.features import all_features, all_shown
from parity.search.fuzz.findings import Finding
from parity.search.fuzz.strategies import BATCH

ENOUGH: Final = 5000
"""After this many scenarios, a feature that none of them touched is the generator's fault."""


@dataclass(frozen=True)
class FuzzOptions:
    """Options of ``monolith-parity fuzz``; ``on`` is the scheduler to use, as for ``executor``."""

    seed: int
    count: int
    reference: str
    peer: str | None
    workers: int
    limit: float
    report: Path
    found: Path = project.FOUND
    on: str | None = None


def fuzz(options: FuzzOptions, console: Console) -> int:
    """Play a campaign, or the rest of it, and return the exit code.

    Raises:
        UsageError: Something that was given is wrong.
        PortUnavailableError: A player isn't available or stopped working, or a process died.
        OutputError: The results or findings can't be written.
    """
    reference, peer = choose_player(options.reference), choose_player(options.peer)
    if peer.spec.kind == "recorded":
        raise UsageError(f"nothing is recorded of what is made up here. {peer.note}".rstrip())
    greet_drivers([reference.spec, peer.spec], options.limit)
    with held(options.report, "--report"):
        state = State(
            options.report / f"{options.seed}.jsonl",
            header(options.seed, str(reference.spec), str(peer.spec)),
        )
        campaign = _Campaign(options, state, console)
        campaign.play(reference.spec, peer.spec)
        return campaign.report(reference.spec.asked, peer.spec.asked)


class _Campaign:
    def __init__(self, options: FuzzOptions, state: State, console: Console) -> None:
        self._options = options
        self._state = state
        self._console = console
        self._began = time.monotonic()
        self._wrong_at_the_end: list[str] = []

    def play(self, reference: PlayerSpec, peer: PlayerSpec) -> None:
        """Play the batches that aren't done yet."""
        if self._state.anew_because:
            self._say(f"{self._state.anew_because}: beginning anew")
        elif self._state.done:
            self._say(f"going on after {counted(self._state.played, 'scenario')}")
        numbers = self._to_do()
        setup = BatchSetup(reference, peer, self._options.limit)
        with (
            self._console.status("starting") as status,
            executor(self._options.on, self._options.workers, setup) as tasks,
        ):
            self._hand_out(tasks, numbers, status)
            self._wrong_at_the_end += tasks.finish()
        self._state.settle()

    def _to_do(self) -> Iterator[tuple[int, int]]:
        done = {batch.number: batch.played for batch in self._state.done}
        for number in range(-(-self._options.count // BATCH)):
            count = min(BATCH, self._options.count - number * BATCH)
            if done.get(number, 0) < count:
                yield number, count

    def _hand_out(
        self, tasks: Tasks[BatchPlayer], numbers: Iterator[tuple[int, int]], status: Status
    ) -> None:
        def submit(batch: tuple[int, int]) -> Future[BatchDone]:
            earlier = self._state.findings(before=batch[0])
            known = frozenset(str(each.symptom) for each in earlier)
            return tasks.submit(BatchPlayer.play, self._options.seed, *batch, known)

        # Two batches per worker, so that it has the next one while a result is on its way.
        for done in as_they_end(numbers, submit, lambda: 2 * tasks.size):
            self._take(done, tasks.size, status)

    def _take(self, batch: BatchDone, workers: int, status: Status) -> None:
        self._state.add(batch)
        for finding in batch.findings:
            self._say(
                f"{finding.symptom}: {finding.case}, made small: {counted(finding.steps, 'step')}"
            )
        status.update(self._line(workers))

    def _line(self, workers: int) -> str:
        seconds = time.monotonic() - self._began
        rate = self._state.played / self._state.seconds * workers
        return (
            f"{self._state.played} of {self._options.count} scenarios, {rate:.0f}/s, "
            f"{seconds:.0f} s, {len(self._state.findings())} symptoms"
        )

    def report(self, reference: str, peer: str) -> int:
        """Write the findings, print which features were touched, and return the exit code.

        Raises:
            PortUnavailableError: A driver failed to close.
        """
        done = self._state.done
        if not done:
            self._say("nothing was played")
            return 2
        self._say(
            f"{counted(self._state.played, 'scenario')}: {sum(b.agreed for b in done)} agree, "
            f"{sum(b.wrong for b in done)} wrong, "
            f"{sum(b.unplayable for b in done)} can't be played, "
            f"{sum(b.stuck for b in done)} stuck on both sides; "
            f"{sum(b.events for b in done)} events"
        )
        missed = self._count_features()
        findings = self._state.findings()
        for finding in findings:
            path = finding.write(self._options.found, reference, peer)
            self._say(f"{finding.symptom}, {counted(finding.steps, 'step')}: {project.shown(path)}")
            self._say(f"    {finding.reason.split(chr(10))[0]}")
        if self._wrong_at_the_end:
            raise PortUnavailableError("\n".join(dict.fromkeys(self._wrong_at_the_end)))
        return max(_code(findings), 1 if missed else 0)

    def _count_features(self) -> list[str]:
        counts = self._state.counts()
        for title, names in (("features", all_features()), ("shown", all_shown())):
            by_count = sorted((counts[name], name) for name in names)
            touched = [name for count, name in by_count if count]
            rarest = ", ".join(f"{name} {count}" for count, name in by_count[:5])
            self._say(f"{title}: {len(touched)} of {len(names)} touched; rarest: {rarest}")
        missed = sorted(name for name in all_features() | all_shown() if not counts[name])
        if self._state.played < ENOUGH:
            return []
        for name in missed:
            self._say(f"never touched in {counted(self._state.played, 'scenario')}: {name}")
        return missed

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, markup=False)


def _code(findings: list[Finding]) -> int:
    """Return the exit code; a failure to play outweighs a difference."""
    codes = {"failed": 3, "differs": 1, "nondeterministic": 1}
    return max((codes[finding.symptom.kind] for finding in findings), default=0)
