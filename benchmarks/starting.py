"""The time that commands take to start, relative to a bare interpreter, and that of a run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.measuring import Ratio, Work, ratio
from parity.base import project

_FEW = 5


def ratios() -> Iterator[Ratio]:
    """Yield the ratios of commands that play nothing, and of a run."""
    bare, name = _process("-c", "pass"), "a bare interpreter"
    with tempfile.TemporaryDirectory() as folder:
        for words in (["--help"], ["validate"], ["explain", "B12"]):
            command = _process("-m", "parity", *words, cache=f"{folder}/cache")
            yield ratio(" ".join(words), command, name, bare, _FEW)
        run = ["-m", "parity", "run", "--report", f"{folder}/report"]
        cached = _process(*run, cache=f"{folder}/cache")
        yield ratio("a run that plays all", _process(*run), "one from the cache", cached, 2)


def _process(*words: str, cache: str = "") -> Work:
    environment = {**os.environ, "PARITY_CACHE": cache, "PYTHONPATH": str(project.ROOT)}

    def run() -> None:
        command = [sys.executable, *words]
        subprocess.run(command, env=environment, capture_output=True, check=True, cwd=project.ROOT)  # noqa: S603 - ourselves

    return run
