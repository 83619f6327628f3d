"""A copy of the sources has what cargo has built of the dependencies, and nothing of our own."""

from __future__ import annotations

import os

import pytest

from parity.mutation.planted.copied_builds import copy_builds

DEPENDENCIES = [".fingerprint/tokio-1/lib", "build/ring-2/out/asm.o", "deps/libtokio-1.rlib"]
OWN = [".fingerprint/parity-driver-3/lib", "deps/libmonolith_training-4.rlib", "deps/run_test-5"]


@pytest.fixture
def target(tmp_path):
    for name in (*DEPENDENCIES, *OWN, "parity-driver"):
        path = tmp_path / "target" / "debug" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, (10, 10))
    return tmp_path / "target"


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_dependencies_are_copied_with_the_times_that_cargo_goes_by(target, tmp_path):
    copy = tmp_path / "there" / "target"
    copy_builds(target, copy)
    assert files(copy / "debug") == DEPENDENCIES
    assert {path.stat().st_mtime for path in copy.rglob("*") if path.is_file()} == {10}
    assert [path.name for path in copy.parent.iterdir()] == ["target"]


def test_a_copy_that_exists_is_left_as_it_is(target, tmp_path):
    copy = tmp_path / "there" / "target"
    copy.mkdir(parents=True)
    copy_builds(target, copy)
    assert files(copy) == []


def test_where_nothing_was_built_there_is_nothing_to_copy(tmp_path):
    copy_builds(tmp_path / "target", tmp_path / "there" / "target")
    assert not (tmp_path / "there").exists()


def test_what_cannot_be_copied_leaves_nothing_so_that_cargo_builds_anew(target, tmp_path):
    (target / "debug" / "deps" / "gone").symlink_to("nowhere")
    copy = tmp_path / "there" / "target"
    copy_builds(target, copy)
    assert list(copy.parent.iterdir()) == []
