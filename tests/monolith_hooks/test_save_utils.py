from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook, SaveHelper, SaveTimer

tf1 = tf.compat.v1


class ScriptedSaver(tf1.train.Saver):
    """Writes real checkpoints, after a while and unless told to fail.

    Args:
        clock: What ``takes`` is measured by.
        takes: Seconds before each write.
        errors: Raised by the first writes, one each.
    """

    def __init__(self, clock: Any, takes: float = 0, errors: tuple[Exception, ...] = ()) -> None:
        super().__init__()
        self._clock = clock
        self.takes = takes
        self.errors = list(errors)
        self.writes: list[tuple[float, int]] = []
        self.tries = 0

    def save(self, sess: Any, save_path: str, **options: Any) -> str:
        self.tries += 1
        if self.takes:
            self._clock.sleep(self.takes)
        if self.errors:
            raise self.errors.pop(0)
        path = super().save(sess, save_path, **options)
        self.writes.append((self._clock.now(), int(options["global_step"])))
        return path


class Listens(tf1.train.CheckpointSaverListener):
    """Notes each call in a list that listeners share."""

    def __init__(self, name: str, notes: list[str], wants_stop: bool = False) -> None:
        self._name = name
        self._notes = notes
        self._wants_stop = wants_stop

    def begin(self) -> None:
        self._notes.append(f"{self._name}.begin")

    def before_save(self, session: Any, global_step_value: int) -> None:
        self._notes.append(f"{self._name}.before {global_step_value}")

    def after_save(self, session: Any, global_step_value: int) -> bool:
        self._notes.append(f"{self._name}.after {global_step_value}")
        return self._wants_stop

    def end(self, session: Any, global_step_value: int) -> None:
        self._notes.append(f"{self._name}.end {global_step_value}")


class Run:
    """A session of one saver hook, with a step that adds 1 to the global step."""

    def __init__(self, clock: Any, config: Any, model_dir: Path, **options: Any) -> None:
        takes, errors = options.pop("takes", 0), options.pop("errors", ())
        self.hooks = options.pop("hooks", [])
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.saver = ScriptedSaver(clock, takes, errors)
        if not options.keys() & {"save_secs", "save_steps"}:
            options["save_secs"] = 10**6
        self.hook = NoFirstSaveCheckpointSaverHook(
            str(model_dir), saver=self.saver, clock=clock, **options
        )
        self.config = config

    def __enter__(self) -> Run:
        creator = tf1.train.ChiefSessionCreator(config=self.config)
        self.session = tf1.train.MonitoredSession(creator, [self.hook, *self.hooks])
        self.raw = self.session._tf_sess()
        self.session.__enter__()
        return self

    def __exit__(self, *raised: Any) -> Any:
        return self.session.__exit__(*raised)

    def train(self, steps: int = 1) -> None:
        for _ in range(steps):
            self.session.run(self.step)

    def trigger(self, **options: Any) -> None:
        self.hook.trigger_save(self.raw, **options)

    @property
    def saved(self) -> list[int]:
        return [step for _, step in self.saver.writes]


@pytest.fixture
def run(clock, config, tmp_path):
    return lambda **options: Run(clock, config, tmp_path, **options)


def unavailable(message: str = "busy") -> Exception:
    return tf.errors.UnavailableError(None, None, message)


def test_nothing_is_saved_at_session_creation_and_the_last_step_is(play, run, tmp_path):
    def main():
        with run() as training:
            assert training.saved == []
            training.train(3)
        assert training.saved == [3]
        assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-3")

    play(main)


def test_a_run_without_steps_saves_nothing(play, run):
    def main():
        with run() as training:
            pass
        assert training.saved == []

    play(main)


def test_the_first_save_can_be_had(play, run):
    def main():
        with run(no_first_save=False) as training:
            assert training.saved == [0]

    play(main)


def test_a_triggered_save_writes_each_time_and_the_exit_does_not_write_it_again(play, run):
    def main():
        with run() as training:
            training.trigger()
            training.train(2)
            for _ in range(3):
                training.trigger()
            assert training.saved == [0, 2, 2, 2]
        assert training.saved == [0, 2, 2, 2]

    play(main)


def test_the_schedule_saves_by_the_clock(play, run, clock):
    def main():
        with run(save_secs=60) as training:
            clock.sleep(59)
            training.train()
            clock.sleep(1)
            training.train()
            training.train()
            clock.sleep(60)
            training.train()
        assert training.saver.writes == [(60, 2), (120, 4)]

    play(main)


def test_the_schedule_saves_by_steps(play, run):
    def main():
        with run(save_steps=3) as training:
            training.train(7)
        assert training.saved == [3, 6, 7]

    play(main)


def test_a_triggered_save_restarts_the_schedule(play, run, clock):
    def main():
        with run(save_secs=60) as training:
            clock.sleep(50)
            training.train()
            training.trigger()
            clock.sleep(50)
            training.train()
            assert training.saver.writes == [(50, 1)]
            clock.sleep(10)
            training.train()
        assert training.saver.writes == [(50, 1), (110, 3)]

    play(main)


def test_a_step_waits_while_a_save_runs(play, run, clock):
    def main():
        with run(takes=5) as training:
            clock.start_thread(training.trigger, name="asks")
            clock.sleep(1)
            training.train()
            assert clock.now() == 5
            assert training.saved == [0]

    play(main)


def test_a_save_by_schedule_and_a_triggered_one_do_not_overlap(play, run, clock):
    def main():
        with run(takes=5, save_steps=1) as training:
            clock.start_thread(training.trigger, name="asks")
            clock.start_thread(training.trigger, name="asks")
            clock.sleep(1)
            training.train()
            assert training.saver.writes == [(5, 0), (10, 0), (15, 1)]

    play(main)


def test_a_save_can_be_triggered_by_a_thread_that_has_no_graph(play, run, clock):
    def main():
        with run() as training:
            clock.start_thread(training.trigger, name="asks")
            clock.settle()
            assert training.saved == [0]

    play(main)


def test_an_op_error_is_tried_twice(play, run):
    def main():
        with run(errors=(unavailable(),)) as training:
            training.trigger()
            assert (training.saved, training.saver.tries) == ([0], 2)

    play(main)


def test_a_second_op_error_is_raised_and_the_hooks_switch_does_not_hide_it(play, run):
    def main():
        errors = (unavailable("first"), unavailable("second"))
        with run(errors=errors, ignore_save_errors=True) as training:
            training.train()
            with pytest.raises(tf.errors.UnavailableError, match="second"):
                training.trigger()
            assert training.saver.tries == 2
        assert training.saved == [], "the timer counts the failed step"

    play(main)


def test_another_error_is_tried_once_and_a_later_step_can_be_saved(play, run):
    def main():
        with run(errors=(ValueError("bad"),)) as training:
            with pytest.raises(ValueError, match="bad"):
                training.trigger()
            assert training.saver.tries == 1
            training.train()
            training.trigger()
            assert training.saved == [1]

    play(main)


def test_whoever_triggers_can_have_errors_ignored(play, run):
    def main():
        with run(errors=(ValueError("bad"),)) as training:
            training.trigger(ignore_save_errors=True)
            assert training.saved == []

    play(main)


def test_a_scheduled_save_that_fails_ends_training(play, run):
    def main():
        with (
            pytest.raises(ValueError, match="bad"),
            run(errors=(ValueError("bad"),), save_steps=1) as training,
        ):
            training.train()

    play(main)


def test_training_can_go_on_after_a_scheduled_save_that_fails(play, run):
    def main():
        with run(errors=(ValueError("bad"),), save_steps=1, ignore_save_errors=True) as training:
            training.train(2)
            assert training.saved == [2]

    play(main)


def test_with_the_timer_disabled_nothing_is_written_before_the_exit(play, run):
    def main():
        with run(save_steps=1) as training:
            training.hook.timer.disable()
            training.train(2)
            training.trigger()
            assert training.saver.tries == 0
            training.hook.timer.enable()
            training.train()
            assert training.saved == [3]

    play(main)


def test_dense_only_writes_nothing_at_step_0(play, run):
    def main():
        with run(is_dense_only=True) as training:
            training.trigger()
            assert training.saved == []
            training.train()
            training.trigger()
            assert training.saved == [1]

    play(main)


def test_a_save_asked_for_before_the_hook_has_its_session_is_lost_and_causes_the_first_save(
    play, run
):
    def main():
        training = run()

        class Early(tf1.train.SessionRunHook):
            def after_create_session(self, session: Any, coord: Any) -> None:
                training.hook.trigger_save(session)
                assert training.saved == []

        creator = tf1.train.ChiefSessionCreator(config=training.config)
        with tf1.train.MonitoredSession(creator, [Early(), training.hook]):
            assert training.saved == [0]

    play(main)


def test_a_stop_that_a_listener_wants_is_obeyed_by_the_schedule_alone(play, run):
    def main():
        listener = Listens("l", [], wants_stop=True)
        with run(save_steps=2, listeners=[listener]) as training:
            training.train()
            training.trigger()
            training.train()
            assert not training.session.should_stop()
            training.train()
            assert training.session.should_stop()

    play(main)


def test_guards_enclose_the_listeners_and_are_told_of_the_end_of_a_failed_save(play, run):
    notes: list[str] = []

    def main():
        guards = [Listens("g", notes), Listens("h", notes)]
        options = {"listeners": [Listens("l", notes)], "guard_saver_listeners": guards}
        with run(errors=(unavailable(), ValueError("bad")), **options) as training:
            assert notes == ["l.begin", "g.begin", "h.begin"]
            notes.clear()
            with pytest.raises(ValueError, match="bad"):
                training.trigger()
            assert notes == ["g.before 0", "h.before 0", "l.before 0", "h.after 0", "g.after 0"]
            notes.clear()
            training.trigger()
            assert notes == [
                "g.before 0",
                "h.before 0",
                "l.before 0",
                "l.after 0",
                "h.after 0",
                "g.after 0",
            ]
            notes.clear()
        assert notes == ["l.end 0", "g.end 0", "h.end 0"]

    play(main)


def test_an_exit_closes_the_session_under_a_save_of_the_last_step(play, run, clock, tmp_path):
    seen = []

    def main():
        with run(takes=5) as training:
            training.train()

            def ask():
                try:
                    training.trigger()
                except RuntimeError as error:
                    seen.append(str(error))

            clock.start_thread(ask, name="asks")
            clock.settle()
        assert clock.now() == 0, "the exit doesn't wait"
        clock.sleep(10)

    play(main)
    assert seen == ["Attempted to use a closed Session."]
    assert not list(tmp_path.glob("model.ckpt-1*"))


def test_a_failed_step_leaves_no_lock_behind(play, run, clock):
    class Fails(tf1.train.SessionRunHook):
        def after_run(self, run_context: Any, run_values: Any) -> None:
            raise ValueError("step")

    def main():
        # Hooks run in order: this one fails a step that the saver hook has begun.
        with (
            pytest.raises(ValueError, match="step"),
            run(hooks=[Fails()]) as training,
        ):
            training.train()
        with pytest.raises(RuntimeError, match="closed Session"):
            training.trigger()

    play(main)


@pytest.mark.parametrize(
    ("secs", "steps", "problem"), [(None, None, "should be provided"), (1, 1, "both")]
)
def test_the_schedule_is_by_seconds_or_by_steps(tmp_path, secs, steps, problem):
    with pytest.raises(ValueError, match=problem):
        NoFirstSaveCheckpointSaverHook(str(tmp_path), save_secs=secs, save_steps=steps)


def test_the_timer_is_due_once_for_a_step_and_after_its_interval(play, clock):
    def main():
        timer = SaveTimer(10, None, clock)
        assert timer.should_trigger_for_step(0)
        timer.update_last_triggered_step(0)
        assert not timer.should_trigger_for_step(0)
        clock.sleep(10)
        assert not timer.should_trigger_for_step(0), "not twice for one step"
        assert timer.should_trigger_for_step(4)
        timer.update_last_triggered_step(4)
        assert timer.last_triggered_step() == 4

    play(main)


@given(basename=st.text(), step=st.integers(0, 2**63 - 1))
def test_a_prefix_ends_with_its_step(basename, step):
    helper = SaveHelper(basename)
    prefix = helper.get_ckpt_prefix(step)
    assert prefix == f"{basename}-{step}"
    assert helper.get_global_step_value(prefix) == step
    assert helper.get_ckpt_asset_dir(prefix) == f"{prefix}.assets/"


@given(st.text().filter(lambda prefix: "-" not in prefix))
def test_a_prefix_without_a_dash_is_of_step_0(prefix):
    assert SaveHelper("x").get_global_step_value(prefix) == 0
    assert SaveHelper("x").get_global_step_value(f"/some-dir/{prefix}") == 0


@pytest.mark.parametrize("prefix", ["model-", "model-x", "model-1.index", "model-²"])
def test_a_prefix_that_does_not_end_with_a_step_is_refused(prefix):
    with pytest.raises(ValueError, match="a step, such as -100, would be right"):
        SaveHelper("model").get_global_step_value(prefix)


@given(steps=st.sets(st.integers(0, 10**12), max_size=5))
def test_existing_checkpoints_are_those_with_an_index_ascending(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("checkpoints")
    helper = SaveHelper(str(folder / "m[0].ckpt"))
    for step in steps:
        Path(f"{helper.get_ckpt_prefix(step)}.index").touch()
    for other in ("m[0].ckpt-7.meta", "m0.ckpt-8.index", "m[0].ckpt-x.index", "m[0].ckpt.index"):
        (folder / other).touch()
    assert helper.get_existing_checkpoint_steps() == sorted(steps)


def test_a_folder_that_is_not_there_has_no_checkpoints(tmp_path):
    assert SaveHelper(str(tmp_path / "no" / "model.ckpt")).get_existing_checkpoint_steps() == []


def test_a_basename_without_folder_is_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.ckpt-5.index").touch()
    assert SaveHelper("model.ckpt").get_existing_checkpoint_steps() == [5]
