from __future__ import annotations

import subprocess
import sys

import pytest

from parity.base import project


@pytest.mark.slow
@pytest.mark.nightly
def test_a_guarded_controller_answers_among_hostile_connections_and_keeps_none_of_them():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.flood", "python", "2"],
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("a call ") == 5
    assert "0 calls failed" in done.stdout
