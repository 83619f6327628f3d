"""``monolith-parity new``: a new scenario to start from."""

from __future__ import annotations

from pathlib import Path

from parity.app.generated import modeline
from parity.base.files import check_within, write_new
from parity.base.problems import UsageError
from parity.base.terminal_text import quoted
from parity.spec.names import check_scenario_name

_SCENARIO = """\
# {name}: change what follows to what you want to show.
# `monolith-parity explain KEY` says what a key means and what else there is;
# `monolith-parity validate {path}` checks the file,
# `monolith-parity replay {path}` plays it and shows what happens.
about: A PS that outgrows its memory limit is reported once and holds the workers.
covers: [B4a, B8e]          # what this is evidence for: clauses of docs/behaviour.md
cluster: {{ps: 2, workers: 2}}
machines:                   # only those that aren't as usual
  - {{ps: 1, rss: 1GiB, mem_limit: 8GiB}}
steps:                      # what happens, in order; time passes only by `advance`
  - train: 2
  - fault: {{rss: {{ps: 1, bytes: 9GiB}}}}
  - advance: 30s            # the next poll of the health hook
  - rpc: StopTraining
    expect: ALREADY_EXISTS  # the alarm has placed the barrier
  - worker: {{index: 1, train: 1}}
expect:                     # by hand, from the specification: each side is held to it
  reports: 1
  reported: [[1]]
  blocked: [0, 1]
  raised: null
"""


def new_scenario(name: str, root: Path) -> Path:
    """Write a commented scenario that can be played as it is, and return its path.

    Raises:
        UsageError: The name isn't a path below ``root``, or the scenario exists already.
        OutputError: It can't be written here.
    """
    if not all(part.isidentifier() for part in name.split("/")):
        raise UsageError(
            f"{quoted(name)} can't name a scenario; expected a folder and a name of letters, "
            "digits and _ such as health/oom_at_start"
        )
    try:
        path = root / f"{check_scenario_name(name)}.yaml"
        check_within(path, root)
    except ValueError as error:
        raise UsageError(str(error)) from None
    text = modeline(path.parent) + _SCENARIO.format(name=name, path=f"scenarios/{name}.yaml")
    try:
        write_new(path, text)
    except FileExistsError:
        raise UsageError(f"{path}: exists already; choose another name") from None
    return path
