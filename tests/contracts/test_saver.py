"""TensorFlow's saver, and the fake one while it has no fault."""

from __future__ import annotations

import pytest
import tensorflow as tf

from fakes.faults import FaultLedger
from fakes.faulty_saver import FaultySaver

tf1 = tf.compat.v1


class Unobserved:
    """Observer of the fake's writes who doesn't care."""

    def saved(self, step):
        pass

    def save_failed(self, step, error):
        pass


class Run:
    """A session with one variable, and its checkpoints."""

    def __init__(self, saver, folder, config) -> None:
        self.folder = folder
        self.prefix = str(folder / "model.ckpt")
        self.saver = saver
        self.session = tf1.Session(config=config)
        self.session.run(tf1.global_variables_initializer())

    def save(self, *steps):
        return [self.saver.save(self.session, self.prefix, global_step=step) for step in steps]

    def kept(self):
        """The steps in the state file, in its order, and the newest."""
        state = tf.train.get_checkpoint_state(str(self.folder))
        paths = state.all_model_checkpoint_paths
        return [int(path.rpartition("-")[2]) for path in paths], state.model_checkpoint_path

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())


def of_step(step):
    name = f"model.ckpt-{step}"
    return [f"{name}.data-00000-of-00001", f"{name}.index", f"{name}.meta"]


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


@pytest.fixture(params=["real", "fake", "fake whose fault is over"])
def run(request, clock, tmp_path, config):
    with tf.Graph().as_default():
        variable = tf1.get_variable("value", initializer=0)
        if request.param == "real":
            saver = tf1.train.Saver()
        else:
            saver = FaultySaver(clock, FaultLedger(), Unobserved())
        if request.param == "fake whose fault is over":
            saver.fail("InternalError", "over", 0, "faults[0]")
        run = Run(saver, tmp_path, config)
        run.assign = variable.assign_add(1)
        run.variable = variable
        with run.session:
            yield run


def test_a_save_writes_three_files_and_names_itself_the_newest(run):
    assert run.save(7) == [f"{run.prefix}-7"]
    assert run.files() == ["checkpoint", *of_step(7)]
    assert run.kept() == ([7], f"{run.prefix}-7")


@pytest.mark.parametrize("steps", [[9, 10], [99, 100], [999, 1000, 1001], [2**31, 2**53 + 1]])
def test_steps_are_kept_in_the_order_of_saving_also_with_one_digit_more(run, steps):
    run.save(*steps)
    assert run.kept() == (steps, f"{run.prefix}-{steps[-1]}")


def test_a_smaller_step_that_is_saved_later_is_the_newest(run):
    run.save(10, 9)
    assert run.kept() == ([10, 9], f"{run.prefix}-9")


def test_the_last_five_are_kept_and_the_files_of_others_go(run):
    run.save(*range(7, 14))
    assert run.kept()[0] == [9, 10, 11, 12, 13]
    assert run.files() == sorted(["checkpoint", *(f for s in range(9, 14) for f in of_step(s))])


def test_a_step_that_is_saved_again_is_kept_once_and_is_the_newest(run):
    run.save(1, 2, 3, 1)
    assert run.kept() == ([2, 3, 1], f"{run.prefix}-1")
    assert run.files() == sorted(["checkpoint", *(f for s in (1, 2, 3) for f in of_step(s))])


def test_a_step_that_is_saved_again_has_the_newer_value(run):
    run.save(1)
    run.session.run(run.assign)
    (path,) = run.save(1)
    run.session.run(run.assign)
    run.saver.restore(run.session, path)
    assert run.session.run(run.variable) == 1


def test_a_restored_checkpoint_has_the_values_of_its_save(run):
    paths = []
    for step in (9, 10):
        paths += run.save(step)
        run.session.run(run.assign)
    restored = []
    for path in paths:
        run.saver.restore(run.session, path)
        restored.append(int(run.session.run(run.variable)))
    assert restored == [0, 1]


def test_a_missing_folder_is_made_and_one_within_it_is_not(run):
    run.prefix = str(run.folder / "new" / "model.ckpt")
    assert run.save(1) == [f"{run.prefix}-1"]
    run.prefix = str(run.folder / "far" / "away" / "model.ckpt")
    with pytest.raises(ValueError, match=r"Parent directory of .* doesn't exist, can't save"):
        run.save(1)


def test_other_options_reach_the_saver(run):
    options = {"latest_filename": "checkpoint_input", "write_meta_graph": False}
    run.saver.save(run.session, run.prefix, global_step=3, **options)
    assert run.files() == ["checkpoint_input", *of_step(3)[:2]]


def test_what_was_written_last_is_known_to_the_saver(run):
    run.save(9, 10)
    assert run.saver.last_checkpoints == [f"{run.prefix}-9", f"{run.prefix}-10"]
