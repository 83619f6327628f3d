from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from monolith_hooks.checkpoint_state import (
    SaveHelper,
    get_latest_checkpoint_state,
    get_monolith_checkpoint_state,
    write_monolith_checkpoint_state,
)
from monolith_hooks.monolith_checkpoint_state_pb2 import MonolithCheckpointState

tf1 = tf.compat.v1


@given(basename=st.text(), step=st.integers(0, 2**63 - 1))
def test_a_prefix_ends_with_its_step(basename, step):
    helper = SaveHelper(basename)
    prefix = helper.get_ckpt_prefix(step)
    assert prefix == f"{basename}-{step}"
    assert helper.get_global_step_value(prefix) == step
    assert helper.get_ckpt_asset_dir(prefix) == f"{prefix}.assets/"


@pytest.mark.covers("B75b")
@given(st.text().filter(lambda prefix: "-" not in prefix))
def test_a_prefix_without_a_dash_is_of_step_0(prefix):
    assert SaveHelper("x").get_global_step_value(prefix) == 0


@pytest.mark.covers("B75a")
@pytest.mark.parametrize(("prefix", "step"), [("x-+3", 3), ("x- 4 ", 4), ("x-1_0", 10)])
def test_the_step_is_what_python_reads_as_an_integer(prefix, step):
    assert SaveHelper("x").get_global_step_value(prefix) == step


@pytest.mark.covers("B75a")
@pytest.mark.parametrize("prefix", ["model-", "model-x", "model-1.index", "a-b/model.ckpt"])
def test_a_prefix_that_does_not_end_with_an_integer_is_refused(prefix):
    with pytest.raises(ValueError, match="invalid literal"):
        SaveHelper("model").get_global_step_value(prefix)


@pytest.mark.covers("B75c")
def test_existing_steps_are_those_of_the_state_file_whatever_the_basenames(tmp_path):
    paths = [str(tmp_path / name) for name in ("model.ckpt-3", "other-5")]
    tf1.train.update_checkpoint_state(str(tmp_path), paths[1], paths)
    assert SaveHelper(str(tmp_path / "m")).get_existing_checkpoint_steps() == {3, 5}


@pytest.mark.covers("B75d")
def test_without_a_state_file_there_is_nothing_to_ask(tmp_path):
    (tmp_path / "model.ckpt-5.index").touch()
    with pytest.raises(AttributeError):
        SaveHelper(str(tmp_path / "model.ckpt")).get_existing_checkpoint_steps()


@pytest.mark.covers("B74i")
def test_the_latest_state_is_read_anew_for_a_larger_step_alone_or_while_there_is_none(tmp_path):
    folder = str(tmp_path)

    def newest() -> str | None:
        state = get_latest_checkpoint_state(folder, asked)
        return None if state is None else Path(state.model_checkpoint_path).name

    asked = 5
    assert newest() is None
    tf1.train.update_checkpoint_state(folder, f"{folder}/m-1")
    assert newest() == "m-1"
    tf1.train.update_checkpoint_state(folder, f"{folder}/m-2")
    assert newest() == "m-1"
    asked = 6
    assert newest() == "m-2"


@pytest.mark.covers("B74h")
def test_monoliths_state_is_none_where_there_is_no_file(tmp_path):
    assert get_monolith_checkpoint_state(str(tmp_path)) is None


@pytest.mark.covers("B74h")
@pytest.mark.parametrize("content", [b"no_such_field: 1", b"\xff"])
def test_a_state_that_cannot_be_read_is_none_with_a_warning(tmp_path, content, caplog):
    (tmp_path / "other").write_bytes(content)
    with caplog.at_level("WARNING", logger="absl"):
        assert get_monolith_checkpoint_state(str(tmp_path), "other") is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.covers("B74g")
def test_exempt_paths_without_a_checkpoint_go_and_relative_ones_get_the_folder(tmp_path, caplog):
    for name in ("m-1.index", "m-1.data-00000-of-00001"):
        (tmp_path / name).touch()
    state = MonolithCheckpointState(exempt_model_checkpoint_paths=["m-1", "/gone/m-2"])
    write_monolith_checkpoint_state(str(tmp_path), state)
    assert get_monolith_checkpoint_state(str(tmp_path)) == state
    with caplog.at_level("WARNING", logger="absl"):
        valid = get_monolith_checkpoint_state(str(tmp_path), remove_invalid_path=True)
    assert valid is not None
    assert list(valid.exempt_model_checkpoint_paths) == [str(tmp_path / "m-1")]
    assert len([record for record in caplog.records if "/gone/m-2" in record.getMessage()]) == 1
