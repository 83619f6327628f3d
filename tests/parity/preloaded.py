"""``monolith-parity`` in a process of its own that needn't import TensorFlow again.

Not a test module. The commands of one test process are forks of one zygote, which has
imported what they take: seconds less for each. What tests of how the command starts are
about (its streams, its imports, its noise) is tried in processes that start from nothing.
"""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from parity.base import project
from parity.players.cluster.processes import Zygote


def monolith_parity(
    *words: object, cwd: Path = project.ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command, ended: its exit code and all that it wrote.

    Args:
      words: what follows ``monolith-parity``.
      cwd: the folder that it runs in.
      env: what is set besides this process's environment.
    """
    arguments = [list(map(str, words)), str(cwd), {**os.environ, **(env or {})}]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            pid = _zygote().run(
                f"{__name__}:_command", arguments, (null, out.fileno(), err.fileno())
            )
        finally:
            os.close(null)
        code = _zygote().reap(pid)
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode())
    return subprocess.CompletedProcess(["monolith-parity", *arguments[0]], code, *said)


@functools.cache
def _zygote() -> Zygote:
    zygote = Zygote([f"{__name__}:_prepare"])
    atexit.register(zygote.close)
    return zygote


def _prepare() -> None:
    from parity.players.python.quiet import quiet_tensorflow

    quiet_tensorflow()


def _command(words: list[str], cwd: str, env: dict[str, str]) -> None:
    from parity.app import cli

    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    tempfile.tempdir = None
    sys.argv = ["monolith-parity", *words]
    try:
        cli.main()
    except SystemExit as ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
