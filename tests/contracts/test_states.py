"""The files that say which checkpoints there are: names, odd contents, and what a save keeps."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.checkpoint_state import (
    SaveHelper,
    get_latest_checkpoint_state,
    get_monolith_checkpoint_state,
)
from monolith_hooks.monolith_checkpoint_state_pb2 import MonolithCheckpointState
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook

tf1 = tf.compat.v1

STATE = "monolith_checkpoint"
State = tuple[list[str], int | None, str | None]
"""Exempt paths, the time of the last save, and the type of the tables."""


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


def written(folder: Path, **options: Any) -> State | None:
    """The state in the folder."""
    state = get_monolith_checkpoint_state(str(folder), **options)
    if state is None:
        return None
    return (
        list(state.exempt_model_checkpoint_paths),
        state.last_checkpoint_save_timestamp
        if state.HasField("last_checkpoint_save_timestamp")
        else None,
        MonolithCheckpointState.HashTableType.Name(state.builtin_hash_table_type)
        if state.HasField("builtin_hash_table_type")
        else None,
    )


@pytest.mark.covers("B75a", "B75b")
@pytest.mark.parametrize(
    ("prefix", "step"),
    [
        ("", 0),
        ("model.ckpt", 0),
        ("/models/a.b/model.ckpt", 0),
        ("model.ckpt-0", 0),
        ("model.ckpt-007", 7),
        ("model.ckpt-12-3", 3),
        ("/m-1/model.ckpt-5", 5),
        ("x-+3", 3),
        ("x- 3\n", 3),
        ("x-1_000", 1000),
        ("x--3", 3),
        (f"x-{2**53 + 1}", 2**53 + 1),
        (f"x-{2**63 - 1}", 2**63 - 1),
    ],
)
def test_a_step_is_what_follows_the_last_dash(prefix, step):
    assert SaveHelper("unused-9").get_global_step_value(prefix) == step


@pytest.mark.covers("B75a")
@pytest.mark.parametrize(
    "prefix",
    ["a-b/model.ckpt", "m-1/model.ckpt", "x-", "x-3.0", "x-0x3", "x-1__0", "x-3.index", "x-1 0"],
)
def test_a_step_that_is_no_integer_is_a_value_error(prefix):
    with pytest.raises(ValueError, match="invalid literal"):
        SaveHelper("unused").get_global_step_value(prefix)


@pytest.mark.parametrize("basename", ["model.ckpt", "/a.b/c-1/model.ckpt", "/with space/m"])
@pytest.mark.parametrize("step", [0, 7, 2**63 - 1])
def test_a_prefix_and_its_assets_are_named_by_the_step(basename, step):
    helper = SaveHelper(basename)
    prefix = helper.get_ckpt_prefix(step)
    assert prefix == f"{basename}-{step}"
    assert helper.get_ckpt_asset_dir(prefix) == f"{basename}-{step}.assets/"
    assert helper.get_global_step_value(prefix) == step


@pytest.mark.covers("B75c", "B75d")
def test_existing_steps_are_those_of_the_folders_state_whatever_is_on_the_disk(tmp_path):
    helper = SaveHelper(str(tmp_path / "model.ckpt"))
    (tmp_path / "model.ckpt-5.index").touch()
    with pytest.raises(AttributeError):
        helper.get_existing_checkpoint_steps()
    state = tmp_path / "checkpoint"
    paths = ["model.ckpt-1", "other-2", "/else.where/m-3", "model.ckpt-1", "/without"]
    lines = ['model_checkpoint_path: "model.ckpt-1"']
    lines += [f'all_model_checkpoint_paths: "{path}"' for path in paths]
    state.write_text("\n".join(lines))
    assert helper.get_existing_checkpoint_steps() == {0, 1, 2, 3}
    state.write_text("\n".join([*lines, 'all_model_checkpoint_paths: "a-b"']))
    with pytest.raises(ValueError, match="invalid literal"):
        helper.get_existing_checkpoint_steps()


@pytest.mark.covers("B74i")
@pytest.mark.parametrize("seed", range(8))
def test_the_latest_state_is_read_anew_for_a_larger_step_or_while_it_is_none(tmp_path, seed):
    chance = random.Random(seed)
    folders = [tmp_path / name for name in ("a.b", "c")]
    kept: dict[Path, tuple[int, str]] = {}
    for number in range(40):
        folder = chance.choice(folders)
        folder.mkdir(exist_ok=True)
        match chance.randrange(5):
            case 0:
                (folder / "checkpoint").unlink(missing_ok=True)
            case 1 | 2:
                text = f'model_checkpoint_path: "{folder}/m-{number}"'
                (folder / "checkpoint").write_text(text)
        there = folder / "checkpoint"
        now = there.read_text().split('"')[1] if there.exists() else None
        step = chance.randrange(6)
        if folder not in kept or step > kept[folder][0]:
            kept.pop(folder, None)
            if now is not None:
                kept[folder] = step, now
        state = get_latest_checkpoint_state(str(folder), step)
        newest = None if state is None else state.model_checkpoint_path
        assert newest == (kept[folder][1] if folder in kept else None)


GOOD: list[tuple[str, State]] = [
    ("", ([], None, None)),
    ("# nothing else", ([], None, None)),
    ("last_checkpoint_save_timestamp: 0", ([], 0, None)),
    ("last_checkpoint_save_timestamp:-9223372036854775808", ([], -(2**63), None)),
    ("last_checkpoint_save_timestamp: 9223372036854775807\r\n", ([], 2**63 - 1, None)),
    ("builtin_hash_table_type: 2", ([], None, "MULTI_CUCKOO_HASH_MAP")),
    ("builtin_hash_table_type: UNKNOWN", ([], None, "UNKNOWN")),
    ("builtin_hash_table_type: CUCKOO_HASH_MAP", ([], None, "CUCKOO_HASH_MAP")),
    ("exempt_model_checkpoint_paths: ''", ([""], None, None)),
    ("exempt_model_checkpoint_paths: \"a\" 'b'", (["ab"], None, None)),
    ("exempt_model_checkpoint_paths: ['b', \"a.b-1\", 'b']", (["b", "a.b-1", "b"], None, None)),
    (r"exempt_model_checkpoint_paths: '\303\244\x20\"\n'", (['ä "\n'], None, None)),
    ("exempt_model_checkpoint_paths: '# no comment'", (["# no comment"], None, None)),
    (r"exempt_model_checkpoint_paths: '\a\b\t\n\v\f\r'", (["\x07\x08\t\n\x0b\x0c\r"], None, None)),
    (r"exempt_model_checkpoint_paths: '\8\z\?\ \/'", (["\\8\\z\\?\\ \\/"], None, None)),
    (r"exempt_model_checkpoint_paths: '\x4g\x41\1234\08'", (["\x04gAS4\x008"], None, None)),
    (r"exempt_model_checkpoint_paths: '\u00e4\U0001F600\\u00e4'", (["ä😀\\u00e4"], None, None)),
    (r"exempt_model_checkpoint_paths: '\303\244\xC3\244'", (["ää"], None, None)),
    ("exempt_model_checkpoint_paths: ['a' 'b', 'c']", (["ab", "c"], None, None)),
    ("exempt_model_checkpoint_paths: []", ([], None, None)),
    (
        "exempt_model_checkpoint_paths: 'a'exempt_model_checkpoint_paths:'b'",
        (["a", "b"], None, None),
    ),
    (
        "builtin_hash_table_type: 1; last_checkpoint_save_timestamp: 5,"
        " exempt_model_checkpoint_paths: 'ü' # the last\n",
        (["ü"], 5, "CUCKOO_HASH_MAP"),
    ),
]


@pytest.mark.filterwarnings("ignore:invalid:DeprecationWarning")  # Of escapes.
@pytest.mark.covers("B74g")
@pytest.mark.parametrize(("text", "state"), GOOD)
def test_text_that_can_be_parsed_is_the_state(tmp_path, text, state):
    (tmp_path / "some.other").write_bytes(text.encode())
    assert written(tmp_path, filename="some.other") == state
    assert written(tmp_path) is None, "another file's name has nothing to do with it"


NUMBERS: dict[str, int | None] = {
    "0x1F": 31,
    "0X1f": 31,
    "-0x10": -16,
    "017": 15,
    "-017": -15,
    "08": None,
    "-08": None,
    "0o17": 15,
    "0O17": 15,
    "0b101": 5,
    "0B1": 1,
    "00": 0,
    "-00": 0,
    "-0": 0,
    "+5": 5,
    "1_000": 1000,
    "0x_1": 1,
    "_1": None,
    "1_": None,
    "1__0": None,
    "0_1": None,
    "0o_7": 7,
    "--1": None,
    "0b2": None,
    "0xg": None,
    "0x": None,
    "1e3": None,
    "5f": None,
    "0x7fffffffffffffff": 2**63 - 1,
    "0x8000000000000000": None,
    "-0x8000000000000000": -(2**63),
    "0777777777777777777777": 2**63 - 1,
    "01000000000000000000000": None,
    "-01000000000000000000000": -(2**63),
    "- 1": None,
}
"""Integers as protobuf's text format has them: Python's, and octal as C writes it."""


@pytest.mark.covers("B74g", "B74h")
@pytest.mark.parametrize("word", NUMBERS)
def test_a_number_is_pythons_or_octal_as_c_writes_it(tmp_path, word):
    (tmp_path / "monolith_checkpoint").write_text(f"last_checkpoint_save_timestamp: {word}")
    number = NUMBERS[word]
    assert written(tmp_path) == (None if number is None else ([], number, None))


BAD = [
    b"\xff",
    b"model",
    b"no_such_field: 1",
    b"builtin_hash_table_type: 7",
    b"builtin_hash_table_type: cuckoo_hash_map",
    b"last_checkpoint_save_timestamp: 9223372036854775808",
    b"last_checkpoint_save_timestamp: 1.5",
    b"last_checkpoint_save_timestamp: '1'",
    b"last_checkpoint_save_timestamp: 1 last_checkpoint_save_timestamp: 1",
    b"builtin_hash_table_type: 1 builtin_hash_table_type: 1",
    b"exempt_model_checkpoint_paths: 1",
    b"exempt_model_checkpoint_paths: 'no end",
    b"exempt_model_checkpoint_paths",
    b"exempt_model_checkpoint_paths: ['a'",
    rb"exempt_model_checkpoint_paths: '\x'",
    rb"exempt_model_checkpoint_paths: '\xg'",
    rb"exempt_model_checkpoint_paths: '\u12'",
    rb"exempt_model_checkpoint_paths: '\ud83d'",
    rb"exempt_model_checkpoint_paths: '\U00110000'",
    rb"exempt_model_checkpoint_paths: '\N{DASH}'",
    rb"exempt_model_checkpoint_paths: '\400'",
    rb"exempt_model_checkpoint_paths: '\377'",
    rb"exempt_model_checkpoint_paths: '\303\u00a4'",
    b"exempt_model_checkpoint_paths: ['a',]",
    b"exempt_model_checkpoint_paths: [,]",
    b"exempt_model_checkpoint_paths: 'a';;",
    b"exempt_model_checkpoint_paths: 'a',,",
    b"exempt_model_checkpoint_paths: {}",
    b"exempt_model_checkpoint_paths: u'a'",
    b"last_checkpoint_save_timestamp: [1]",
    b"last_checkpoint_save_timestamp: []",
    b"builtin_hash_table_type: [UNKNOWN]",
    b"; last_checkpoint_save_timestamp: 1",
]


@pytest.mark.filterwarnings("ignore:invalid:DeprecationWarning")  # Of escapes.
@pytest.mark.covers("B74h")
@pytest.mark.parametrize("content", BAD)
def test_text_that_cannot_be_parsed_is_none_and_made_anew_by_a_session(saving, content):
    (saving.folder / STATE).write_bytes(content)
    assert written(saving.folder) is None
    saving.start()
    assert written(saving.folder) == ([], None, "CUCKOO_HASH_MAP")


@pytest.mark.covers("B74h")
@pytest.mark.parametrize("name", [None, "a.b", "folder"])
def test_no_file_or_a_folder_in_its_place_is_none(tmp_path, name):
    (tmp_path / "folder").mkdir()
    assert written(tmp_path, filename=name) is None
    assert written(tmp_path / "gone", filename=name) is None


class Saving:
    """A saver hook in a session of its own."""

    def __init__(self, folder: Path, clock: Any, config: Any, **options: Any) -> None:
        self.folder = folder
        tf1.train.get_or_create_global_step()
        self._config = config
        self.saver = tf1.train.Saver()
        self.hook = NoFirstSaveCheckpointSaverHook(
            str(folder), save_steps=10**6, saver=self.saver, clock=clock, **options
        )

    def start(self) -> None:
        self.hook.begin()
        self._session = tf1.Session(config=self._config)
        self._session.run(tf1.global_variables_initializer())
        self.hook.after_create_session(self._session, None)

    def save(self) -> None:
        self.hook.trigger_save(self._session)


@pytest.fixture
def saving(request, tmp_path, clock, config):
    with tf.Graph().as_default():
        yield Saving(tmp_path, clock, config, **getattr(request, "param", {}))


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).touch()


def exempt(*paths: str) -> str:
    return "".join(f'exempt_model_checkpoint_paths: "{path}"\n' for path in paths)


@pytest.mark.covers("B74f", "B74g")
def test_an_exempt_path_is_kept_if_its_own_index_is_there(saving, caplog):
    folder = saving.folder
    touch(folder, "model.ckpt-1.index", "a.b/m.x-2.index", "model.ckpt-30.index", "plain.index")
    touch(folder, "only.data-00000-of-00001", "model.index", "x.y.index")
    kept = ["model.ckpt-1", "a.b/m.x-2", f"{folder}/model.ckpt-1", "plain", "x.y", "model.ckpt-1"]
    gone = ["model.ckpt-3", "model.ckpt-2", "x.z", "only", "model.ckpt-1.index2", "/no/where-1"]
    mixed = [path for pair in zip(gone, kept, strict=True) for path in pair]
    (folder / STATE).write_text(exempt(*mixed))
    assert written(folder) == (mixed, None, None)
    joined = [str(folder / path) for path in kept]
    caplog.clear()
    assert written(folder, remove_invalid_path=True) == (joined, None, None)
    warned = [each.getMessage() for each in caplog.records if each.name == "absl"]
    assert len(warned) == len(gone)
    for text, path in zip(warned, gone, strict=True):
        assert text.startswith(str(folder / path))
    assert written(folder) == (mixed, None, None), "a look changes nothing"
    saving.start()
    assert written(folder) == (mixed, None, None), "nor does a session"
    saving.save()
    saving.save()
    state = written(folder)
    assert state is not None
    assert (state[0], state[2]) == (joined, None)
    (folder / "plain.index").unlink()
    saving.save()
    state = written(folder)
    assert state is not None
    assert state[0] == [path for path in joined if not path.endswith("plain")]


@pytest.mark.covers("B74f")
def test_a_path_is_written_as_text_format_quotes_it(saving):
    odd = "\x01\x7f\t\n\r\"'ä\x1f"
    quoted = r"\001\177\t\n\r\"\'ä\037"
    touch(saving.folder, f"{odd}.index")
    (saving.folder / STATE).write_text(f'exempt_model_checkpoint_paths: "{quoted}"')
    saving.start()
    saving.save()
    lines = (saving.folder / STATE).read_text().splitlines()
    assert f'exempt_model_checkpoint_paths: "{saving.folder}/{quoted}"' in lines


@pytest.mark.covers("B74c", "B74d", "B74f")
@pytest.mark.parametrize("saving", [{"use_native_multi_hash_table": True}], indirect=True)
@pytest.mark.parametrize("kept", [None, "UNKNOWN", "CUCKOO_HASH_MAP", "MULTI_CUCKOO_HASH_MAP"])
def test_a_save_keeps_the_type_that_is_there_and_sets_the_time_alone(saving, kept):
    if kept is not None:
        (saving.folder / STATE).write_text(f"builtin_hash_table_type: {kept}")
    saving.start()
    kind = kept or "MULTI_CUCKOO_HASH_MAP"
    assert written(saving.folder) == ([], None, kind)
    before = int(saving.hook._clock.now())
    saving.save()
    state = written(saving.folder)
    assert state is not None
    assert state[1] is not None
    assert before <= state[1] <= saving.hook._clock.now()
    assert (state[0], state[2]) == ([], kind)


@pytest.mark.covers("B74d", "B74h")
@pytest.mark.parametrize("content", [None, *BAD[:3]])
def test_a_save_makes_the_state_anew_where_there_is_none(saving, content):
    saving.start()
    saving.save()
    (saving.folder / STATE).unlink()
    if content is not None:
        (saving.folder / STATE).write_bytes(content)
    saving.save()
    state = written(saving.folder)
    assert state is not None
    assert state[1] is not None
    assert (state[0], state[2]) == ([], "CUCKOO_HASH_MAP")


@pytest.mark.covers("B74a", "B74b")
@pytest.mark.parametrize("saving", [{"save_graph_def": False}], indirect=True)
def test_without_the_graph_a_session_writes_no_state_and_a_save_does(saving):
    saving.start()
    names = {path.name for path in saving.folder.iterdir()}
    assert not names & {STATE, "graph.pbtxt", "meta_graph_for_debugging.pb"}
    saving.save()
    assert written(saving.folder) is not None


@pytest.mark.covers("B74a")
def test_the_graphs_that_a_session_writes_name_its_variables(saving):
    saving.start()
    for name in ("graph.pbtxt", "meta_graph_for_debugging.pb"):
        assert b"global_step" in (saving.folder / name).read_bytes()
