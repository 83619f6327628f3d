"""Every scenario gives the same bytes each time that it is played, on each side.

Of every four scenarios three are left to the night. ``nox -s determinism`` plays each 20 times,
with a seed as well, alone and on two processes at once, and compares across those runs too.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from parity.base import project
from parity.base.host import HOST_NEEDS
from parity.players.needs import needs
from parity.players.outcome import WITH_OPTIONS, Played
from parity.spec.loading import load_scenario

pytestmark = pytest.mark.slow


def in_virtual_time(path: Path) -> bool:
    needed = needs(load_scenario(path, project.SCENARIOS).scenario)
    return needed - frozenset(HOST_NEEDS) <= WITH_OPTIONS


FILES = sorted(set(project.SCENARIOS.rglob("*.yaml")) - {project.KNOWN_DIFFERENCES})
ALL = [path for path in FILES if in_virtual_time(path)]
SEED = 20261124


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        seeds = [None, SEED] if metafunc.config.getoption("--with-seed") else [None]
        metafunc.parametrize("seed", seeds)


def test_only_scenarios_of_real_processes_are_left_out():
    assert {path.parent.name for path in set(FILES) - set(ALL)} == {"cluster"}


@pytest.mark.parametrize("side", ["python", "rust"])
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=pytest.mark.nightly if number % 4 else [])
        for number, path in enumerate(ALL)
    ],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_every_play_gives_the_same_bytes(path, side, seed, request, pytestconfig):
    player = request.getfixturevalue(f"{side}_player")
    file = load_scenario(path, project.SCENARIOS)
    texts = set()
    for _ in range(pytestconfig.getoption("--plays")):
        outcome = player.play(file, seed)
        assert isinstance(outcome, Played)
        texts.add(outcome.trace.text())
    (text,) = texts
    folder = pytestconfig.getoption("--digests")
    if folder:
        digest = hashlib.sha256(text.encode()).hexdigest()
        kept = Path(folder) / f"{file.name.replace('/', '.')}.{side}.{seed}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not kept.exists():
            kept.write_text(digest)
        assert kept.read_text() == digest, "another trace than in an earlier run"
