"""The upstream-style tests also run by their files, as upstream's do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
IMPORT = re.compile(r"^from monolith_hooks[\w.]* import .*", re.MULTILINE)


@pytest.mark.parametrize("name", ["hook_utils_test", "server_lib_test"])
def test_a_file_run_as_a_script_passes(name):
    done = subprocess.run(
        [sys.executable, HERE / f"{name}.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"Ran \d+ tests? in .*\n\nOK", done.stderr)


@pytest.mark.parametrize("path", sorted(HERE.glob("*_test.py")), ids=lambda path: path.stem)
def test_nothing_but_import_lines_says_which_implementation_it_is(path):
    assert "monolith_hooks" not in IMPORT.sub("", path.read_text())
    assert "fakes" not in path.read_text()
