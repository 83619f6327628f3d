"""How a watched file's replacement is seen, and what a state file's event says."""

from __future__ import annotations

import contextlib

import pytest

from parity.kit.state_files import StateFiles, WatchedFile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint"


@pytest.fixture
def watched(path):
    with contextlib.closing(WatchedFile(path)) as file:
        yield file


def replace(path, text):
    beside = path.with_name("beside")
    beside.write_text(text)
    beside.rename(path)


def test_a_file_is_new_once(path, watched):
    assert watched.changed() is None
    path.write_text("a")
    assert watched.changed() == ("new", "a")
    assert watched.changed() is None


def test_another_file_in_its_place_is_whole_even_with_the_same_content(path, watched):
    path.write_text("a")
    watched.changed()
    for _ in range(3):
        replace(path, "a")
        assert watched.changed() == ("whole", "a")


def test_a_file_that_is_written_over_is_replaced_in_place(path, watched):
    path.write_text("a")
    watched.changed()
    path.write_text("longer")
    assert watched.changed() == ("in_place", "longer")


def test_a_file_that_was_away_is_new_again(path, watched):
    path.write_text("a")
    watched.changed()
    path.unlink()
    assert watched.changed() is None
    path.write_text("a")
    assert watched.changed() == ("new", "a")


def test_an_event_has_names_without_folders_and_no_real_times(tmp_path):
    (tmp_path / "checkpoint").write_text(
        'model_checkpoint_path: "/m/model.ckpt-2"\n'
        'all_model_checkpoint_paths: "/m/model.ckpt-1"\n'
        'all_model_checkpoint_paths: "model.ckpt-2"\n'
        "all_model_checkpoint_timestamps: 1.5\n"
        "last_preserved_timestamp: 2.5\n"
    )
    (tmp_path / "monolith_checkpoint").write_text(
        "last_checkpoint_save_timestamp: 3\nbuiltin_hash_table_type: CUCKOO_HASH_MAP\n{\n"
    )
    with contextlib.closing(StateFiles(tmp_path)) as files:
        changes = files.changes()
        assert files.changes() == []
    assert changes == [
        {
            "file": "checkpoint",
            "replaced": "new",
            "checkpoints": ("model.ckpt-1", "model.ckpt-2"),
            "fields": ("model_checkpoint_path: model.ckpt-2",),
        },
        {
            "file": "monolith_checkpoint",
            "replaced": "new",
            "checkpoints": (),
            "fields": (
                "builtin_hash_table_type: CUCKOO_HASH_MAP",
                "last_checkpoint_save_timestamp: 3",
                "{",
            ),
        },
    ]
