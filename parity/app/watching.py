"""Repetition whenever a file has changed: ``run --watch``, ``replay --watch``."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from monolith_hooks.clock import SYSTEM_CLOCK, Clock
from parity.app.standard_streams import check_standard_output
from parity.base import project
from parity.base.problems import UsageError
from parity.spec.loading import find_scenarios

_LOOK_EVERY_SECONDS: Final = 0.5
_MOST_FILES: Final = 5000
"""Limit of the files watched in a driver's folder, which may be a home directory."""
_INTERRUPTED: Final = 130

_Stamp = tuple[int, int, int]


def whenever_changed(
    files: Callable[[], Iterable[Path]], do: Callable[[], object], clock: Clock
) -> None:
    """Call ``do`` now, and again whenever a file has changed; only an exception ends it.

    An editor may remove a file for a moment to put another in its place, so a missing file
    doesn't count as changed.
    """
    seen: dict[Path, _Stamp] = {}
    while True:
        found = {path: stamp for path in files() if (stamp := _stamp(path)) is not None}
        if found.items() - seen.items():
            seen |= found  # Noted before a file is read, so that no change is missed.
            do()
        else:
            clock.sleep(_LOOK_EVERY_SECONDS)


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def watch_run(
    arguments: Sequence[str],
    paths: Sequence[Path],
    players: Iterable[str | None],
    out: TextIO,
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Run in a process of its own, and again whenever a source or a scenario has changed.

    Only scenarios that the change affects are played; all others come from the cache.

    Args:
        arguments: Those of the command line, without ``--watch``.
        paths: The scenarios that were asked for; empty for all.
        players: The sides as given on the command line; a driver's files are watched, too.
        out: The stream for the message that it is waiting.
        clock: The clock for waiting between two looks at the files.

    Returns:
        130, after Ctrl-C.

    Raises:
        OutputError: Standard output can't be written any more.
    """
    asked = [player for player in players if player is not None]

    def once() -> None:
        subprocess.run([sys.executable, "-m", "parity", *arguments], check=False)  # noqa: S603 - ourselves
        print("waiting for a change; Ctrl-C ends", file=out, flush=True)
        check_standard_output()

    def watched() -> Iterator[Path]:
        with contextlib.suppress(UsageError):  # A file is being replaced, or the run reported it.
            yield from find_scenarios(list(paths), project.SCENARIOS)
        yield project.KNOWN_DIFFERENCES
        if project.SOURCES:
            yield from project.rust_sources(project.SOURCES)
            for package in ("monolith_hooks", "fakes", "parity"):
                yield from (project.SOURCES / package).rglob("*.py")
        for player in asked:
            yield from driver_files(player)

    with contextlib.suppress(KeyboardInterrupt):
        whenever_changed(watched, once, clock)
    return _INTERRUPTED


def driver_files(player: str) -> Iterator[Path]:
    """Yield the files that a driver's command line names, and a script's neighbours.

    Those are the files with its suffix in its folder and below, up to a limit.
    """
    try:
        words = shlex.split(player)
    except ValueError:
        return  # The run reports the error.
    for word in words:
        path = Path(word)
        if not path.is_file():
            continue
        yield path
        if path.suffix:
            beside = path.parent.rglob(f"*{path.suffix}")
            yield from (each for each, _ in zip(beside, range(_MOST_FILES), strict=False))
