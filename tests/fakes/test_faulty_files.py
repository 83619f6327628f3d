"""TensorFlow's files with faults: what fails, how often, and what is on disk then."""

from __future__ import annotations

import pytest
import tensorflow as tf

from fakes.faults import FaultLedger
from fakes.faulty_files import FaultyFiles, FileFault
from monolith_hooks.files import write_atomically


class Folder:
    """A folder in which operations fail, with what was told of them."""

    def __init__(self, path):
        self.path = path
        self.ledger = FaultLedger()
        self.told = []
        self.files = FaultyFiles(path, self.ledger, lambda *told: self.told.append(told))

    def fail(self, operation, file, *, error="UnavailableError", skips=0, times=None):
        self.ledger.declare("faults[0]")
        fault = FileFault(operation, file, error, "no luck", skips, times, "faults[0]")
        self.files.fail(fault)

    def write(self, name, text):
        write_atomically(str(self.path / name), text)

    def read(self, name):
        with tf.io.gfile.GFile(str(self.path / name)) as file:
            return file.read()

    def names(self):
        return sorted(path.name for path in self.path.iterdir())


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path)
    with made.files.installed():
        yield made


def test_a_write_that_fails_has_written_half(folder):
    folder.fail("write", "state")
    with (
        pytest.raises(tf.errors.UnavailableError, match="no luck"),
        tf.io.gfile.GFile(str(folder.path / "state"), "w") as file,
    ):
        file.write("12345678")
    assert (folder.path / "state").read_text() == "1234"


@pytest.mark.parametrize("operation", ["write", "rename"])
def test_a_file_that_is_replaced_keeps_its_content_if_that_fails(folder, operation):
    folder.write("state", "old")
    folder.fail(operation, "state")
    with pytest.raises(tf.errors.UnavailableError):
        folder.write("state", "new")
    assert folder.read("state") == "old"
    assert folder.names() == ["state"]


def test_a_file_that_cannot_be_read_is_there(folder):
    folder.write("state", "text")
    folder.fail("read", "state", times=1)
    with pytest.raises(tf.errors.UnavailableError):
        folder.read("state")
    assert folder.read("state") == "text"


def test_a_file_that_cannot_be_deleted_stays(folder):
    folder.write("state", "text")
    folder.fail("delete", "state", error="ValueError")
    with pytest.raises(ValueError, match="no luck"):
        tf.io.gfile.remove(str(folder.path / "state"))
    assert folder.names() == ["state"]


def test_a_fault_begins_after_its_skips_and_ends_after_its_times(folder):
    folder.fail("rename", "state", skips=1, times=2)
    outcomes = []
    for text in "abcde":
        try:
            folder.write("state", text)
            outcomes.append("written")
        except tf.errors.UnavailableError:
            outcomes.append("failed")
    assert outcomes == ["written", "failed", "failed", "written", "written"]
    assert folder.told == [("rename", "state")] * 2


def test_a_later_fault_of_the_same_kind_replaces_the_earlier(folder):
    folder.fail("rename", "state")
    folder.fail("rename", "state", error="AbortedError", times=1)
    with pytest.raises(tf.errors.AbortedError):
        folder.write("state", "a")
    folder.write("state", "b")


def test_other_names_and_folders_are_left_alone(folder, tmp_path_factory):
    folder.fail("write", "state")
    folder.write("state_of_another", "a")
    write_atomically(str(tmp_path_factory.mktemp("other") / "state"), "b")
    assert folder.ledger.triggered() == {"faults[0]": False}


def test_tensorflows_own_state_file_fails_too(folder):
    folder.fail("rename", "checkpoint", times=1)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.get_variable("v", initializer=1)
        saver = tf.compat.v1.train.Saver([variable])
        session.run(variable.initializer)
        path = str(folder.path / "model.ckpt")
        with pytest.raises(tf.errors.UnavailableError):
            saver.save(session, path, global_step=1, write_meta_graph=False)
        assert not any(name.startswith("checkpoint") for name in folder.names())
        saver.save(session, path, global_step=1, write_meta_graph=False)
    assert "checkpoint" in folder.names()


def test_files_are_whole_again_afterwards(tmp_path):
    made = Folder(tmp_path)
    made.fail("write", "state")
    with made.files.installed():
        pass
    made.write("state", "text")
    assert made.read("state") == "text"
