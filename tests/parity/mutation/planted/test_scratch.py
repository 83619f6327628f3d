"""Bugs are planted in a copy, and what a result depends on."""

from __future__ import annotations

import pytest

from parity.base.problems import UsageError
from parity.mutation.planted.planted import PlantedBug
from parity.mutation.planted.scratch import (
    Scratch,
    basis,
    python_texts,
    source_files,
    sources_digest,
)

BUG = PlantedBug(
    name="wrong",
    side="python",
    about="one is two",
    breaks="B29a",
    file="one.py",
    find="1",
    replace="2",
)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "project" / "monolith_hooks"
    folder.mkdir(parents=True)
    (folder / "one.py").write_text("ONE = 1\n")
    return tmp_path / "project"


@pytest.fixture
def scratch(root, tmp_path):
    scratch = Scratch(root, tmp_path / "scratch", "python")
    scratch.refresh()
    return scratch


def test_a_bug_is_in_the_copy_for_as_long_as_it_is_planted(root, scratch):
    copy = scratch.folder / "monolith_hooks" / "one.py"
    with scratch.planted(BUG):
        assert copy.read_text() == "ONE = 2\n"
        assert (root / "monolith_hooks" / "one.py").read_text() == "ONE = 1\n"
    assert copy.read_text() == "ONE = 1\n"


def test_a_bug_that_does_not_fit_leaves_the_copy_sound(root, scratch):
    (root / "monolith_hooks" / "one.py").write_text("ONE = 11\n")
    scratch.refresh()
    with pytest.raises(UsageError, match="occurs 2 times"), scratch.planted(BUG):
        pass
    assert (scratch.folder / "monolith_hooks" / "one.py").read_text() == "ONE = 11\n"


def test_a_bug_that_an_interrupted_run_left_is_gone_after_refreshing(scratch):
    copy = scratch.folder / "monolith_hooks" / "one.py"
    copy.write_text("ONE = 2\n")
    (copy.parent / "gone.py").touch()
    scratch.refresh()
    assert copy.read_text() == "ONE = 1\n"
    assert source_files(scratch.folder, "python") == source_files(
        scratch.folder.parent / "project", "python"
    )


def test_what_is_unchanged_is_not_written_again(scratch):
    copy = scratch.folder / "monolith_hooks" / "one.py"
    before = copy.stat().st_mtime_ns
    scratch.refresh()
    assert copy.stat().st_mtime_ns == before


def test_a_result_depends_on_sources_scenarios_and_the_bug(root):
    first = basis(sources_digest(root), BUG, ["a"])
    assert basis(sources_digest(root), BUG, ["a"]) == first
    assert basis(sources_digest(root), BUG, ["b"]) != first
    assert basis(sources_digest(root), BUG.model_copy(update={"replace": "3"}), ["a"]) != first
    (root / "monolith_hooks" / "one.py").write_text("ONE = 1.0\n")
    assert basis(sources_digest(root), BUG, ["a"]) != first


def test_a_digest_of_a_folder_that_has_moved_is_refused(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "one.py").write_text("1")
    assert python_texts(tmp_path, "here") == ["1"]
    with pytest.raises(FileNotFoundError, match=r"gone: expected [*].py files, found none"):
        python_texts(tmp_path, "gone")
