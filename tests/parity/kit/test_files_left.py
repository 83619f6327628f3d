"""The canonical names of the files that a play leaves."""

from __future__ import annotations

import pytest

from parity.kit.model_folder import files_left, known_files


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("checkpoint", "checkpoint"),
        ("model.ckpt-3.index", "model.ckpt-3"),
        ("model.ckpt-3", "model.ckpt-3"),
        ("model.ckpt--3.data-00000-of-00001", "model.ckpt--3"),
        ("server/new/controller_server_addr.txt", "server/new/controller_server_addr.txt"),
        ("monolith_checkpoint.state.tmp", "<other>"),
        (".tmpAbCd", "<other>"),
        ("server/new/.tmpAbCd", "<other>"),
        ("model.ckpt-x", "<other>"),
    ],
)
def test_each_file_has_a_name(tmp_path, file, name):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()
    assert files_left(tmp_path) == (name,)
    assert known_files(tmp_path) == (() if name == "<other>" else (name,))


def test_what_tensorflow_alone_writes_is_not_listed(tmp_path):
    (tmp_path / "events.out.tfevents.1.host").touch()
    (tmp_path / "checkpoint.tmp0123").touch()
    (tmp_path / "folder").mkdir()
    assert files_left(tmp_path) == ()
