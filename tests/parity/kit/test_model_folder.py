"""Where plays keep their files, and what becomes of a play when the disk is full."""

from __future__ import annotations

import tempfile

import pytest

from parity.base.problems import OutputError
from parity.kit.model_folder import model_folder, write_action, write_content
from parity.kit.unplayable import Unplayable
from parity.spec.steps import ActionContent, FileContent
from tests.parity.no_room import small_disk


def test_the_folder_is_there_within_the_block_alone():
    with model_folder() as folder:
        (folder / "x").write_text("x")
    assert not folder.exists()


def test_a_play_that_raises_leaves_nothing():
    def play():
        with model_folder() as folder:
            raise KeyError(folder)

    with pytest.raises(KeyError) as raised:
        play()
    assert not raised.value.args[0].exists()


def in_small(monkeypatch, disk, play):
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with model_folder() as folder:
        play(folder)


@pytest.mark.parametrize("error", [None, OSError, KeyError])
def test_what_came_of_a_play_on_a_full_disk_is_dropped(tmp_path, monkeypatch, error):
    def play(folder):
        if error is not None:
            raise error

    with small_disk(tmp_path / "disk", 64) as disk:
        with pytest.raises(OutputError) as told:
            in_small(monkeypatch, disk, play)
        assert str(told.value) == (
            f"{disk}: no room for a play: No space left on device; free 1 MiB there, or set "
            "TMPDIR to another folder"
        )
        assert list(disk.iterdir()) == []


def test_a_small_disk_with_room_is_enough(tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk", 2048) as disk:
        in_small(monkeypatch, disk, lambda folder: (folder / "x").write_bytes(b"x" * 100_000))
        assert list(disk.iterdir()) == []


def test_where_no_folder_can_be_made_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with (
        pytest.raises(OutputError, match="nowhere: no room for a play: No such file or directory"),
        model_folder(),
    ):
        pass


def test_a_save_that_the_disk_has_no_room_for_is_no_outcome_of_a_play(
    tmp_path, monkeypatch, python_player
):
    from tests.parity.samples import scenario_file

    monkeypatch.setattr(tempfile, "tempdir", None)
    with small_disk(tmp_path / "disk", 64) as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(OutputError, match="no room for a play"):
            python_player.play(scenario_file())


@pytest.mark.parametrize(
    ("path", "why"),
    [("nowhere/checkpoint", "its folder isn't there"), ("folder", "Is a directory")],
)
def test_a_file_that_cannot_be_written_says_why(tmp_path, path, why):
    (tmp_path / "folder").mkdir()
    with pytest.raises(Unplayable) as told:
        write_content(tmp_path / path, FileContent(text="x"))
    assert str(told.value) == f"{path.rpartition('/')[2]} can't be written: {why}"


def test_a_folder_stands_in_the_action_files_place_until_there_is_content_again(tmp_path):
    path = tmp_path / "file"
    for content in (ActionContent(text="x"), ActionContent(), ActionContent(folder=True)):
        write_action(path, ActionContent(folder=True))
        assert path.is_dir()
        write_action(path, content)
        assert path.is_file() == (content.text is not None)
        assert path.is_dir() == content.folder


def test_a_folder_with_something_in_it_is_not_removed(tmp_path):
    (tmp_path / "file" / "within").mkdir(parents=True)
    with pytest.raises(Unplayable, match="file can't be written: Directory not empty"):
        write_action(tmp_path / "file", ActionContent(text="x"))
