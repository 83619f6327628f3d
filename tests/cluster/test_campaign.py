"""Campaigns on real clusters: sound hooks keep every promise, a planted bug breaks its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from parity.base import project
from parity.base.model import frozen
from parity.campaign.plan import OPERATORS, Plan, PlannedCall, PlannedFault
from parity.campaign.promises import PROMISES

LINEARIZABLE, LASTING, HELD, SAVED, COUNTED, GOING_ON, REPORTED, WATCHED, CLEAN = PROMISES


def plan(*calls, setup="options", faults=()):
    made = tuple(PlannedCall(after=300, call=each) for each in calls)
    others = dict.fromkeys(OPERATORS[1:], ())
    return Plan(seed=0, setup=setup, calls={OPERATORS[0]: made, **others}, faults=faults)


PLANTED = {
    "a stop is never refused": (
        LINEARIZABLE,
        "monolith_hooks/barrier_ops.py",
        "            if self.is_barrier_placed(session):\n                raise",
        "            if False:\n                raise",
        plan("stop", "stop", setup="default"),
    ),
    "a save lets go everybody": (
        LASTING,
        "monolith_hooks/held_barrier.py",
        "            if not self._holds:\n                self._write_bit",
        "            if True:\n                self._write_bit",
        plan("stop", "look", "save", "look"),
    ),
    "a blocked worker goes on": (
        HELD,
        "monolith_hooks/barrier_ops.py",
        "        while self.is_barrier_placed(session):",
        "        return\n        while self.is_barrier_placed(session):",
        plan("stop", "look", "look", "look"),
    ),
    "a save that writes nothing is acknowledged": (
        SAVED,
        "monolith_hooks/save_utils.py",
        "                return self._save_in_two_tries(session, step)",
        "                return False",
        plan("look", "save", "look"),
    ),
    "a worker's step counts twice": (
        COUNTED,
        "parity/players/cluster/roles.py",
        "tf1.assign_add(global_step, 1)",
        "tf1.assign_add(global_step, 2)",
        plan("look", "look", "look", "look"),
    ),
    "a resume lets nobody go": (
        GOING_ON,
        "monolith_hooks/held_barrier.py",
        "            if not self._holds:\n                self._write_bit",
        "            if False:\n                self._write_bit",
        plan("stop", "look"),
    ),
    "the watch dies": (
        REPORTED,
        "monolith_hooks/resilient_watch.py",
        "        while not self._coord.should_stop():\n            findings",
        "        for _ in range(2):\n            findings",
        plan(faults=(PlannedFault(at=6000, trouble="memory", target="ps-1", length=4500),)),
    ),
    "an alarm ends the watch": (
        WATCHED,
        "monolith_hooks/resilient_watch.py",
        "        while not self._coord.should_stop():\n            findings",
        "        while not self._coord.should_stop() and not self._reported:\n            findings",
        plan(faults=(PlannedFault(at=3000, trouble="memory", target="ps-1", length=4500),)),
    ),
    "a process outlives the job": (
        CLEAN,
        "parity/players/cluster/cluster.py",
        "        for process in self.processes.values():\n            process.kill()",
        "        for process in list(self.processes.values())[1:]:\n            process.kill()",
        plan("look"),
    ),
}
SHRUNK = {"a save that writes nothing is acknowledged": 6}
"""How many smaller plans are tried for one of them."""


QUICK = "a stop is never refused"
"""The one that isn't left to the night."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=[] if each == QUICK else pytest.mark.nightly) for each in PLANTED],
)
def test_a_planted_bug_breaks_its_promise(name, tmp_path):
    promise, file, sound, wrong, made = PLANTED[name]
    copy = copied(tmp_path)
    text = (copy / file).read_text()
    assert text.count(sound) == 1
    (copy / file).write_text(text.replace(sound, wrong))
    (tmp_path / "plan.json").write_text(made.model_dump_json())
    out = tmp_path / "out"
    words = ["--replay", str(tmp_path / "plan.json"), "--runs", "1", "-n", "1", "--out", str(out)]
    done = campaign(copy, *words, "--shrink", str(SHRUNK.get(name, 0)))
    assert f"BROKEN: {promise.name}" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
    kept = {path.name for path in out.iterdir()}
    assert kept >= {f"{made.setup}-0.html", f"{made.setup}-0.json"}
    if name in SHRUNK:
        small = Plan.model_validate(frozen(json.loads((out / "options-0-small.json").read_text())))
        assert sum(map(len, small.calls.values())) < sum(map(len, made.calls.values()))


@pytest.mark.timeout(240)
@pytest.mark.nightly
@pytest.mark.parametrize("setup", ["default", "options"])
def test_sound_hooks_keep_every_promise_that_must_hold(setup, tmp_path):
    done = campaign(project.ROOT, "--runs", "2", "--setup", setup, "--out", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall("^seed ", done.stdout, re.MULTILINE)) == 2
    assert not list(tmp_path.iterdir())


def copied(folder: Path) -> Path:
    copy = folder / "copy"
    for package in ("parity", "monolith_hooks", "fakes", "docs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project.ROOT / package, copy / package, ignore=ignored)
    shutil.copy(project.ROOT / "pyproject.toml", copy)
    return copy


def campaign(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "parity", "campaign", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
