"""The catalogue as a judge of one mutant, here or in a process of its own.

Run as ``python -m parity.mutation.judges.catalogue``, it plays the monolith_hooks on PYTHONPATH
against the recorded traces of the Rust port.
"""

from __future__ import annotations

import faulthandler
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from parity.base.files import make_folder
from parity.base.model import Model
from parity.base.problems import UsageError
from parity.players.choose import PlayerSpec, open_player
from parity.players.outcome import Player
from parity.spec.loading import ScenarioFile, load_all
from parity.verdict.judge import Judge
from parity.verdict.known import KnownDifferences, check_known
from parity.verdict.record import EXIT_CODES, Verdict

_ENOUGH_FAILED: Final = 5
"""Failed scenarios after which a mutant isn't played on, as each that hangs takes the limit."""


class ScenarioResult(Model):
    """The verdict of one scenario on a mutant."""

    scenario: str
    verdict: Verdict
    reason: str = ""

    @property
    def bad(self) -> bool:
        """True if a run with it is red."""
        return EXIT_CODES[self.verdict] != 0


def record_reference(traces: Path, log: Path) -> None:
    """Record the reference in a process of its own, so that TensorFlow isn't loaded here.

    Raises:
        UsageError: A scenario couldn't be played; the log says which.
    """
    command = [sys.executable, "-m", "parity", "record", "--peer", "python", "--out", str(traces)]
    make_folder(log.parent)
    with log.open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False)  # noqa: S603
    if done.returncode != 0:
        raise UsageError(f"python can't be recorded, see {log}")


def against_recorded(
    traces: Path, peer: Player, files: Sequence[ScenarioFile], known: KnownDifferences
) -> Iterator[ScenarioResult]:
    """Yield the results of playing ``peer`` against the recorded reference, without TensorFlow."""
    reference = open_player(PlayerSpec(kind="recorded", where=str(traces)), 1)
    return _played(Judge(reference, peer, known), files)


def of_mutated_python(
    copy: Path, root: Path, files: Sequence[ScenarioFile], limit: float
) -> Iterator[ScenarioResult]:
    """Yield the results of playing a copy of monolith_hooks, in a process that has only it."""
    path = os.pathsep.join([str(copy), str(root)])
    with (
        (copy / "stderr.txt").open("wb") as log,
        subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "parity.mutation.judges.catalogue", str(limit)],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        count = 0
        for line in process.stdout:
            try:
                seen = ScenarioResult.model_validate_json(line)
            except ValidationError:
                break  # The line is cut off: the process has died.
            yield seen
            count += 1
        process.kill()
    if count < len(files) and process.returncode != 0:
        ended = f"its process ended with {process.returncode}: it crashed, or took over {limit:g} s"
        yield ScenarioResult(scenario=files[count].name, verdict="failed", reason=ended)


def _played(judge: Judge, files: Iterable[ScenarioFile]) -> Iterator[ScenarioResult]:
    failed = 0
    for file in files:
        record = judge.judge(file)
        yield ScenarioResult(
            scenario=file.name, verdict=record.verdict, reason=next(iter(record.reasons), "")
        )
        failed += record.verdict == "failed"
        if failed == _ENOUGH_FAILED:
            return


def _main(limit: float) -> None:
    files = load_all([])
    reference = open_player(PlayerSpec(kind="python"), limit)
    peer = open_player(PlayerSpec(kind="recorded"), limit)
    judge = Judge(reference, peer, check_known(files))
    for file in files:
        # A player in this process can't be interrupted; the process can only be ended.
        faulthandler.dump_traceback_later(limit, exit=True)
        for seen in _played(judge, [file]):
            print(seen.model_dump_json(), flush=True)  # noqa: T201 - read by of_mutated_python
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    _main(float(sys.argv[1]))
