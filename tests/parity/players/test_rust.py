"""Building the port's driver, on machines where that works and where it doesn't."""

from __future__ import annotations

import os
import stat

import pytest

from parity import project
from parity.players.rust import build_driver
from parity.problems import PortUnavailableError


def reason_with(tmp_path, monkeypatch, script):
    if script is not None:
        cargo = tmp_path / "cargo"
        cargo.write_text(script)
        cargo.chmod(cargo.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    with pytest.raises(PortUnavailableError) as caught:
        build_driver(project.ROOT)
    return str(caught.value)


def test_no_toolchain(tmp_path, monkeypatch):
    assert reason_with(tmp_path, monkeypatch, None) == (
        "there is no Rust toolchain (no cargo on PATH)"
    )


def test_each_copy_of_the_sources_is_built_in_its_own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CARGO_TARGET_DIR", "/somewhere/else")
    script = '#!/bin/sh\necho "error: asked to $*" >&2\nexit 101\n'
    assert reason_with(tmp_path, monkeypatch, script).endswith("--target-dir target")


def test_a_toolchain_that_cannot_reach_its_crates(tmp_path, monkeypatch):
    script = """#!/bin/sh
cat >&2 <<'END'
warning: spurious network error (3 tries remaining): Could not resolve host
error: failed to get `prost` as a dependency of package `monolith-training v0.1.0`

Caused by:
  download of config.json failed

Caused by:
  [6] Could not resolve hostname
END
exit 101
"""
    assert reason_with(tmp_path, monkeypatch, script) == (
        "cargo build failed: failed to get `prost` as a dependency of package "
        "`monolith-training v0.1.0` ([6] Could not resolve hostname)"
    )


def test_a_port_that_does_not_compile(tmp_path, monkeypatch):
    script = "#!/bin/sh\necho 'error[E0308]: mismatched types' >&2\nexit 101\n"
    assert reason_with(tmp_path, monkeypatch, script) == (
        "cargo build failed: error[E0308]: mismatched types"
    )


def test_a_cargo_that_says_nothing(tmp_path, monkeypatch):
    assert "it said nothing" in reason_with(tmp_path, monkeypatch, "#!/bin/sh\nexit 1\n")
    assert "named no executable" in reason_with(tmp_path, monkeypatch, "#!/bin/sh\nexit 0\n")
