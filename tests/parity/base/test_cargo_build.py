"""Building the port's driver, on machines where that works and where it doesn't."""

from __future__ import annotations

import json
import os
import stat
import subprocess

import pytest

from parity.base import cargo_build, project
from parity.base.cargo_build import begun_for, build_driver
from parity.base.problems import PortDoesNotCompileError, PortUnavailableError

FOLDER = project.ROOT / "monolith-rs"
OURS = f"path+file://{FOLDER}/crates/monolith-training#0.1.0"
THEIRS = "registry+https://github.com/rust-lang/crates.io-index#prost@0.14.1"
SPAN = {"file_name": "crates/monolith-training/src/lib.rs", "line_start": 36, "column_start": 22}
MISMATCH = "error[E0308]: mismatched types\n  --> crates/monolith-training/src/lib.rs:36:22\n"


def error(package, message, rendered="", spans=(), level="error"):
    """A line of cargo's; real ones have more keys."""
    diagnostic = {"level": level, "message": message, "rendered": rendered, "spans": spans}
    line = {"reason": "compiler-message", "package_id": package, "message": diagnostic}
    return json.dumps({**line, "target": {"kind": ["lib"]}})


def spans(**changes):
    return [
        {"file_name": "src/elsewhere.rs", "line_start": 1, "column_start": 1, "is_primary": False},
        {**SPAN, "is_primary": True, **changes},
    ]


@pytest.fixture
def cargo(tmp_path, monkeypatch):
    """Puts a script in cargo's place."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")

    def install(script):
        path = tmp_path / "cargo"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)

    return install


def printing(stdout, stderr=""):
    return f"cat <<'OUT'\n{stdout}\nOUT\ncat >&2 <<'ERR'\n{stderr}\nERR\nexit 101"


def refusal(error=PortUnavailableError):
    with pytest.raises(error) as caught:
        build_driver(project.ROOT)
    assert type(caught.value) is error
    return str(caught.value)


def test_no_toolchain(cargo):
    assert refusal() == "there is no Rust toolchain (no cargo on PATH)"


def test_a_cargo_that_cannot_be_run(cargo, tmp_path):
    cargo("")
    (tmp_path / "cargo").write_text("#!/nowhere/sh\n")
    assert refusal() == f"{tmp_path}/cargo can't be run: No such file or directory"


def test_each_copy_of_the_sources_is_built_in_its_own_folder(cargo, monkeypatch):
    monkeypatch.setenv("CARGO_TARGET_DIR", "/somewhere/else")
    cargo('echo "error: asked to $*" >&2; exit 101')
    assert refusal().endswith("--target-dir target")


NO_NETWORK = """\
warning: spurious network error (3 tries remaining): Could not resolve host
error: failed to get `prost` as a dependency of package `monolith-training v0.1.0 (FOLDER)`

Caused by:
  download of config.json failed

Caused by:
  [6] Could not resolve hostname"""


@pytest.mark.parametrize(
    ("stdout", "stderr", "reason"),
    [
        (
            "",
            NO_NETWORK.replace("FOLDER", str(FOLDER)),
            "failed to get `prost` as a dependency of package "
            f"`monolith-training v0.1.0 ({FOLDER})` ([6] Could not resolve hostname)",
        ),
        ("", "error: no matching package named `prost` found", "no matching package named `prost`"),
        (
            "",
            "error: rustc 1.60.0 is not supported by the following packages:\n  x@1 requires rustc",
            "rustc 1.60.0 is not supported by the following packages:",
        ),
        (
            "",
            f"error: failed to parse manifest at `{FOLDER}/Cargo.toml`\n\nCaused by:\n"
            "  feature `edition2024` is required\n\n  The package requires the Cargo feature "
            "called `edition2024`, but that feature is not stabilized in this version of Cargo",
            f"failed to parse manifest at `{FOLDER}/Cargo.toml` (",
        ),
        (
            error(THEIRS, "unstable", "error[E0658]: unstable\n", spans()),
            "error: could not compile `prost`",
            "unstable",
        ),
        (
            error(OURS, "linker `cc` not found") + "\n" + error(OURS, "aborting due to 1 previous"),
            "error: could not compile `monolith-training` (build script)",
            "linker `cc` not found",
        ),
        (
            error(OURS, "can't find crate for `std`", "error[E0463]", spans()),
            "error: could not compile `monolith-training`",
            "can't find crate for `std`",
        ),
        (
            "",
            "error: failed to run custom build command for `ring v0.17.0`\n\nCaused by:\n  no cc",
            "failed to run custom build command for `ring v0.17.0` (no cc)",
        ),
        (error(OURS, "unused", "warning: unused", spans(), "warning"), "", "no output"),
        ("", "", "no output"),
    ],
)
def test_what_a_machine_lacks_is_a_reason_in_one_line(cargo, stdout, stderr, reason):
    cargo(printing(stdout, stderr))
    said = refusal()
    assert said.startswith(f"cargo build failed: {reason}")
    assert "\n" not in said


def test_sources_that_do_not_compile_are_told_place_first_in_the_compilers_own_words(cargo):
    other = {"file_name": "build.rs", "line_start": 3, "column_start": 1, "is_primary": True}
    lines = [
        error(OURS, "unused", "warning: unused", spans(), "warning"),
        error(OURS, "mismatched types", MISMATCH, spans()),
        error(OURS, "expected one of", "error: expected one of", [other]),
        error(OURS, "aborting due to 2 previous errors", "error: aborting due to 2"),
    ]
    cargo(printing("\n".join(lines), "error: could not compile `monolith-training`"))
    assert refusal(PortDoesNotCompileError) == (
        f"monolith-rs/crates/monolith-training/src/lib.rs:36:22: {MISMATCH}"
        "\nmonolith-rs/build.rs:3:1: error: expected one of"
        "\n\nthe Rust port doesn't compile, so recorded traces don't stand in for it"
    )


@pytest.mark.parametrize(
    ("stderr", "begins"),
    [
        (
            f"error: failed to run custom build command for `monolith-training v0.1.0 ({FOLDER})`\n"
            "\nCaused by:\n  process didn't exit successfully\n  --- stdout\n"
            "  cargo:rerun-if-changed=/x\n  --- stderr\n  Error: no such message",
            "error: failed to run custom build command for `monolith-training",
        ),
        (
            "error: key with no value, expected `=`\n --> Cargo.toml:30:9\n  |\n30 | nonsense",
            "monolith-rs/Cargo.toml:30:9: error: key with no value, expected `=`",
        ),
        (
            f"error: failed to parse manifest at `{FOLDER}/Cargo.toml`\n\nCaused by:\n  no edition",
            "error: failed to parse manifest at",
        ),
        (
            f"error: failed to parse lock file at: {FOLDER}/Cargo.lock\n",
            "error: failed to parse lock",
        ),
        (
            f"error: cannot update the lock file {FOLDER}/Cargo.lock because --locked was passed",
            "error: cannot update the lock file",
        ),
        ("error: no bin target named `parity-driver`", "error: no bin target named"),
    ],
)
def test_what_else_is_wrong_with_the_sources_is_told_in_cargos_own_words(cargo, stderr, begins):
    cargo(printing("", stderr))
    said = refusal(PortDoesNotCompileError)
    assert said.startswith(begins)
    assert "cargo:rerun" not in said
    assert said.endswith("so recorded traces don't stand in for it")


def test_a_cargo_that_names_no_executable(cargo):
    cargo("exit 0")
    assert "named no executable" in refusal()


BUILT = f"echo '{json.dumps({'reason': 'compiler-artifact', 'executable': '/x/driver'})}'"


def test_a_build_that_does_not_take_its_time_is_not_told_of(cargo, monkeypatch):
    monkeypatch.setattr(cargo_build, "_QUICK_SECONDS", 60.0)
    told = []
    cargo(BUILT)
    assert str(build_driver(project.ROOT, told.append)) == "/x/driver"
    assert told == []


def test_a_build_that_takes_its_time_is_told_of(cargo, tmp_path, monkeypatch):
    monkeypatch.setattr(cargo_build, "_QUICK_SECONDS", 0.0)
    os.mkfifo(tmp_path / "go")
    told = []

    def tell(line):
        told.append(line)
        (tmp_path / "go").write_text("on\n")

    cargo(f"read go < {tmp_path}/go\n{BUILT}")
    assert str(build_driver(project.ROOT, tell)) == "/x/driver"
    assert told == ["building the Rust port (cargo build in monolith-rs/)"]


def test_a_build_that_takes_too_long_ends_with_all_that_it_has_started(
    cargo, tmp_path, monkeypatch
):
    monkeypatch.setattr(cargo_build, "_QUICK_SECONDS", 0.2)
    monkeypatch.setattr(cargo_build, "_BUILD_SECONDS", 0.2)
    os.mkfifo(tmp_path / "held")
    reader = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    cargo(f"sleep 600 > {tmp_path}/held & wait")
    assert refusal() == "cargo build took more than 0.2 s"
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""  # Nobody holds it any more.
    os.close(reader)


def test_the_real_cargo_s_messages_are_read():
    """The driver is built where there is a toolchain; here is what cargo says of it."""
    try:
        driver = build_driver(project.ROOT)
    except PortUnavailableError as unavailable:
        if isinstance(unavailable, PortDoesNotCompileError):
            raise
        pytest.skip(str(unavailable))
    assert subprocess.run([driver], stdin=subprocess.DEVNULL, check=True).returncode == 0


def test_leaving_the_block_ends_a_build_that_is_under_way(cargo, tmp_path):
    os.mkfifo(tmp_path / "held")
    reader = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    cargo(f"exec 3> {tmp_path}/held; sleep 600 & wait")
    with begun_for("rust") as build:
        assert build is not None
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""
    os.close(reader)


@pytest.mark.parametrize("peer", ["recorded", "python", "python3 my_driver.py"])
def test_only_the_port_is_built(cargo, peer):
    cargo("exit 0")
    with begun_for(peer) as build:
        assert build is None


def test_a_build_can_be_over_before_anybody_asks(cargo, monkeypatch):
    cargo(BUILT)
    told = []
    with begun_for(None) as build:
        assert build is not None
        assert build._process is not None
        build._process.wait()
        monkeypatch.setattr(cargo_build, "_QUICK_SECONDS", 0.0)
        assert str(build.driver(told.append)) == "/x/driver"
    assert told == []
