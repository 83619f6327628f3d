"""``monolith-parity mutants``: judges every mutant of one side by parity alone."""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from parity.base.executors.choose import executor
from parity.base.executors.tasks import as_they_end
from parity.base.files import must_be_replaceable
from parity.base.folder_lock import held
from parity.base.json_lines import write_records
from parity.base.problems import UsageError
from parity.mutation.generated.outcome import Mutant, MutantOutcome, read_outcomes
from parity.mutation.generated.python import PythonMutants
from parity.mutation.generated.rust import RustMutants
from parity.mutation.generated.side import Bench, MutantJudge, MutatedSide, ScenarioRanking
from parity.mutation.generated.survivors import load_survivors, stale, unexplained
from parity.mutation.planted.checkout import JudgeSetup, OpenJudge, mutable_sources
from parity.mutation.planted.planted import Language, shard_of

SIDES: Final[dict[Language, MutatedSide]] = {"rust": RustMutants(), "python": PythonMutants()}
BOUNDS: Final[dict[Language, int]] = {"rust": 95, "python": 90}
"""The percentage of a side's viable mutants that must be caught."""


@dataclass(frozen=True)
class MutantOptions:
    """Options of ``monolith-parity mutants``; ``limit`` in seconds a scenario.

    ``only`` selects the mutants whose ``file: mutant`` contains one of these texts. ``on`` is the
    scheduler whose workers judge, as for ``executor``; None is this process.
    """

    side: Language
    only: tuple[str, ...]
    shard: str | None
    out: Path
    sample: int | None
    seed: int
    limit: float
    on: str | None = None

    @property
    def work(self) -> Path:
        """Work folder that belongs to the results."""
        return self.out.resolve().with_suffix(".work")


def mutants(options: MutantOptions, console: Console) -> int:
    """Make and judge mutants; return 1 if a survivor isn't explained or too few are caught.

    Raises:
        UsageError: Something that was given is wrong, or the catalogue is red without
            a mutant.
        PortUnavailableError: Mutants can't be made or built here.
        OutputError: The results can't be written, or another run is writing them.
    """
    root = mutable_sources()
    must_be_replaceable(options.out)  # Checked now, as it is first written after minutes.
    with held(options.work, "--out"):
        return _judge(options, root, console)


def _judge(options: MutantOptions, root: Path, console: Console) -> int:
    known = {outcome.key: outcome for outcome in read_outcomes(options.out)}
    bench = Bench.of(root, options.work, options.limit)
    generated = SIDES[options.side].mutants(bench)
    wanted = chosen_mutants(generated, options)
    left = [
        each for each in wanted if each.key not in known or not bench.bases.holds(known[each.key])
    ]
    left.sort(key=lambda each: each.key in known)  # Mutants without an earlier result come first.
    console.print(f"{len(wanted)} of {len(generated)} mutants, {len(left)} to be judged")
    progress = _Progress(console, len(left))
    ranking = ScenarioRanking(known.values())
    if left:
        with closing(_outcomes(options, bench, left, ranking)) as outcomes:
            for outcome in outcomes:
                known[outcome.key] = outcome
                ranking.learn(outcome)
                write_records(options.out, [known[key] for key in sorted(known)])
                progress.say(outcome)
    whole = len(wanted) == len(generated)
    judged = [known[each.key] for each in wanted]
    return _tell(options.side, judged, generated, console, whole=whole)


def _outcomes(
    options: MutantOptions, bench: Bench, mutants: Sequence[Mutant], ranking: ScenarioRanking
) -> Generator[MutantOutcome, None, None]:
    """Yield the outcomes as they come; each mutant is judged with the ranking of its beginning."""
    side = SIDES[options.side]
    if options.on is None:
        with side.judge(bench) as judge, ThreadPoolExecutor(side.at_once) as pool:

            def here(mutant: Mutant) -> Future[MutantOutcome]:
                return pool.submit(judge.judged, mutant, ranking.copy())

            yield from as_they_end(mutants, here, lambda: side.at_once)
        return
    with executor(options.on, 1, MutantJudgeSetup(options.side, options.limit)) as tasks:

        def there(mutant: Mutant) -> Future[MutantOutcome]:
            return tasks.submit(judge_there, mutant, ranking.copy())

        yield from as_they_end(mutants, there, lambda: 2 * tasks.size)


@dataclass(frozen=True)
class MutantJudgeSetup(JudgeSetup[MutantJudge]):
    """The setup of a process that judges mutants of one side."""

    side: Language
    limit: float

    @property
    def folder(self) -> str:
        """Name of the work folder among the reports."""
        return f"mutants-{self.side}.work"

    def judge(self, root: Path, work: Path) -> AbstractContextManager[MutantJudge]:
        """Have the side's judge for the block."""
        return SIDES[self.side].judge(Bench.of(root, work, self.limit))


def judge_there(
    opened: OpenJudge[MutantJudge], mutant: Mutant, ranking: ScenarioRanking
) -> MutantOutcome:
    """Judge one mutant; called in the process that has the judge."""
    return opened.judge.judged(mutant, ranking)


def chosen_mutants(generated: Sequence[Mutant], options: MutantOptions) -> list[Mutant]:
    """Return a sample, in order, of a shard of the mutants with such a name.

    Raises:
        UsageError: The shard isn't valid, or no mutant has such a name.
    """
    named = [each for each in generated if _is_named(each, options.only)]
    if not named:
        raise UsageError(f"no mutant has {' or '.join(options.only)} in its FILE: MUTANT")
    wanted = shard_of(named, options.shard)
    if options.sample is None or options.sample >= len(wanted):
        return list(wanted)
    at = random.Random(options.seed).sample(range(len(wanted)), options.sample)  # noqa: S311
    return [wanted[i] for i in sorted(at)]


def _is_named(mutant: Mutant, parts: Sequence[str]) -> bool:
    name = f"{mutant.file}: {mutant.mutant}"
    return not parts or any(part in name for part in parts)


class _Progress:
    """Printer of a line per mutant, with the number done and the time left."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._began = time.monotonic()

    def say(self, outcome: MutantOutcome) -> None:
        self._done += 1
        each = (time.monotonic() - self._began) / self._done
        left = each * (self._total - self._done) / 60
        fate = outcome.outcome.upper() if outcome.outcome == "survived" else outcome.outcome
        self._console.print(
            f"[{self._done}/{self._total}, {each:.1f} s each, {left:.0f} min left] "
            f"{fate} {outcome.by or '-'} {outcome.seconds:.1f} s: {outcome}",
            soft_wrap=True,
            markup=False,
        )


def _tell(
    side: Language,
    outcomes: Sequence[MutantOutcome],
    generated: Sequence[Mutant],
    console: Console,
    *,
    whole: bool,
) -> int:
    explained = load_survivors()
    console.print(mutant_table(outcomes))
    open_ones = unexplained(explained, outcomes)
    wrong = [f"survived, and isn't explained: {each}" for each in open_ones]
    wrong += [
        f"explained in survivors.yaml, and needn't be: {each}"
        for each in stale(explained, outcomes, generated)
    ]
    share = caught_share(outcomes)
    if whole and share < BOUNDS[side]:
        wrong.append(f"{share:.1f} % are caught; expected at least {BOUNDS[side]} %")
    for line in wrong:
        console.print(line, soft_wrap=True, markup=False)
    return 1 if wrong else 0


def caught_share(outcomes: Sequence[MutantOutcome]) -> float:
    """Return the percentage of viable mutants that were caught, or 100 if none are viable."""
    viable = [each for each in outcomes if each.viable]
    return 100 * sum(each.caught for each in viable) / len(viable) if viable else 100.0


def mutant_table(outcomes: Sequence[MutantOutcome]) -> Table:
    """Return a table with a row per file, and one for all."""
    shown = Table("file", title="Mutants")
    for column in ("mutants", "viable", "caught", "survived", "caught %"):
        shown.add_column(column, justify="right")
    for file in dict.fromkeys(each.file for each in outcomes):
        shown.add_row(file, *_figures([each for each in outcomes if each.file == file]))
    shown.add_row("all", *_figures(outcomes))
    return shown


def _figures(outcomes: Sequence[MutantOutcome]) -> tuple[str, ...]:
    viable = [each for each in outcomes if each.viable]
    caught = sum(each.caught for each in viable)
    counts = (len(outcomes), len(viable), caught, len(viable) - caught)
    return (*map(str, counts), f"{caught_share(outcomes):.1f}")
