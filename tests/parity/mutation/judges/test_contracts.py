"""The contracts as judges: what is read of pytest and of cargo."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from parity.base import project
from parity.mutation.judges import rust_contracts
from parity.mutation.judges.python_contracts import OPTION_TESTS, PYTHON_CONTRACTS
from parity.mutation.judges.rust_contracts import RUST_CONTRACTS, copy_contracts, red_contract

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
from pathlib import Path
from parity.base import project
from parity.mutation.judges.python_contracts import contracts_seen
project.ROOT = Path(sys.argv[1])
seen = contracts_seen(passed=lambda: print("passed", flush=True))
print(seen.verdict, seen.scenario, seen.reason, sep="|")
"""


def judged(tmp_path, text):
    """The lines on the standard output of a process that judges by these contracts."""
    folder = tmp_path / PYTHON_CONTRACTS
    folder.mkdir(parents=True)
    (folder / "test_clock.py").write_text(text)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(project.ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()


def test_contracts_that_hold_agree_and_each_says_so(tmp_path):
    text = "def test_a():\n    print('noise')\n\n\ndef test_b():\n    pass\n"
    assert judged(tmp_path, text) == ["passed", "passed", "agree|contracts|"]


def test_the_first_that_fails_is_named_and_ends_the_play(tmp_path):
    text = (
        "def test_a():\n    pass\n\ndef test_b():\n    assert 1 == 2\n\ndef test_c():\n    1 / 0\n"
    )
    passed, red = judged(tmp_path, text)
    assert passed == "passed"
    assert red.startswith("differs|contracts: test_clock.py::test_b|")


@pytest.mark.parametrize("text", ["import no_such_module\n", "1 / 0\n"])
def test_contracts_that_cannot_be_imported_are_red(tmp_path, text):
    (red,) = judged(tmp_path, text)
    assert red.startswith("differs|contracts: test_clock.py|")


def test_no_contracts_at_all_are_red(tmp_path):
    assert judged(tmp_path, "") == ["failed|contracts|pytest exited with 5"]


def test_the_first_red_contract_of_the_port_is_read_from_cargos_output():
    output = (
        "test clock::a::fake ... ok\ntest clock::a::real ... FAILED\ntest x::y ... FAILED\n"
        "error: test failed\n"
    )
    assert red_contract(output) == ("contracts: clock::a::real", "error: test failed")
    assert red_contract("error: it doesn't compile\n") == ("contracts", "error: it doesn't compile")


def test_a_copy_gets_the_contracts_as_they_are_and_no_others(tmp_path):
    (tmp_path / RUST_CONTRACTS).mkdir(parents=True)
    (tmp_path / RUST_CONTRACTS / "old.rs").touch()
    copy_contracts(project.ROOT, tmp_path)
    names = {path.name for path in (tmp_path / RUST_CONTRACTS).iterdir()}
    assert names == {path.name for path in (project.ROOT / RUST_CONTRACTS).iterdir()}
    assert "main.rs" in names


@pytest.fixture
def fake_cargo(tmp_path, monkeypatch):
    """Cargo as this script, in a folder that has sources."""

    def install(script):
        cargo = tmp_path / "bin" / "cargo"
        cargo.parent.mkdir()
        cargo.write_text(f"#!/bin/sh\n{script}\n")
        cargo.chmod(0o755)
        (tmp_path / "monolith-rs").mkdir()
        monkeypatch.setenv("PATH", f"{cargo.parent}:{os.environ['PATH']}")
        return tmp_path

    return install


def test_contracts_of_the_port_that_hold_are_no_reason(fake_cargo):
    assert rust_contracts.first_red_contract(fake_cargo("exit 0")) is None


def test_contracts_of_the_port_that_fail_are_named(fake_cargo):
    folder = fake_cargo("echo 'test server::a::real ... FAILED'; exit 101")
    red = rust_contracts.first_red_contract(folder)
    assert red == ("contracts: server::a::real", "test server::a::real ... FAILED")


def test_the_first_that_fails_ends_those_that_still_run(fake_cargo):
    folder = fake_cargo("echo 'test server::a::real ... FAILED'; sleep 600 & wait")
    name, _ = rust_contracts.first_red_contract(folder, 60)
    assert name == "contracts: server::a::real"


def test_contracts_of_the_port_that_hang_are_killed_with_what_they_started(fake_cargo):
    name, reason = rust_contracts.first_red_contract(fake_cargo("sleep 600 & wait"), 0.2)
    assert (name, reason) == ("contracts", "the contracts, hung: no end after 0.2 s")


def test_the_tests_of_options_that_judge_are_there():
    assert OPTION_TESTS
    assert [each for each in OPTION_TESTS if not (project.ROOT / each).exists()] == []
