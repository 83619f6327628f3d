from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from fakes.virtual_clock import VirtualClock
from monolith_hooks.save_utils import (
    NoFirstSaveCheckpointSaverHook,
    get_monolith_checkpoint_state,
)

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
        self.folder = model_dir
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


@pytest.mark.covers("B30b", "B73a")
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


@pytest.mark.covers("B30c", "B30d", "B30e", "B30f")
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


@pytest.mark.covers("B30g")
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


@pytest.mark.covers("B30h", "B30i")
def test_a_step_runs_while_a_save_does_and_waits_at_its_end(play, run, clock):
    def main():
        with run(takes=5) as training:
            clock.start_thread(training.trigger, name="asks")
            clock.sleep(1)
            training.train()
            assert clock.now() == 5
            assert training.saved == [0]
            restored = tf.train.load_variable(str(training.folder / "model.ckpt-0"), "global_step")
            assert restored == 1, "the step ran before the checkpoint was written"

    play(main)


def test_a_save_by_schedule_and_a_triggered_one_do_not_overlap(play, run, clock):
    def main():
        with run(takes=5, save_steps=1) as training:
            clock.start_thread(training.trigger, name="asks")
            clock.sleep(1)
            training.train()
            assert training.saver.writes == [(5, 0), (10, 1)]

    play(main)


@pytest.mark.covers("B30g", "B30j")
@pytest.mark.parametrize(("schedule", "writes"), [([], 2), ([0, 0, 1], 1)])
def test_two_saves_triggered_at_once_are_one_write_if_both_reset_the_timer_before_it(
    config, tmp_path, schedule, writes
):
    clock = VirtualClock(schedule=schedule)

    def main():
        with tf.Graph().as_default(), Run(clock, config, tmp_path, takes=5) as training:
            clock.start_thread(training.trigger, name="asks")
            clock.start_thread(training.trigger, name="asks")
            clock.sleep(20)
            assert training.saved == [0] * writes

    clock.run(main)


@pytest.mark.covers("B30k")
def test_the_second_of_two_saves_at_once_is_ok_even_if_the_first_failed(config, tmp_path):
    clock = VirtualClock(schedule=[0, 0, 1])
    outcomes: list[str] = []

    def main():
        errors = (ValueError("bad"),)
        with tf.Graph().as_default(), Run(clock, config, tmp_path, errors=errors) as training:

            def ask() -> None:
                try:
                    training.trigger()
                except ValueError:
                    outcomes.append("failed")
                else:
                    outcomes.append("OK")

            clock.start_thread(ask, name="asks")
            clock.start_thread(ask, name="asks")
            clock.sleep(20)
            assert (training.saver.tries, training.saved) == (1, [])

    clock.run(main)
    assert outcomes == ["failed", "OK"]


def test_a_save_that_is_triggered_during_another_writes_again(play, run, clock):
    def main():
        with run(takes=5) as training:
            clock.start_thread(training.trigger, name="asks")
            clock.sleep(1)
            clock.start_thread(training.trigger, name="asks")
            clock.sleep(20)
            assert training.saver.writes == [(5, 0), (10, 0)]

    play(main)


def test_a_save_can_be_triggered_by_a_thread_that_has_no_graph(play, run, clock):
    def main():
        with run() as training:
            clock.start_thread(training.trigger, name="asks")
            clock.settle()
            assert training.saved == [0]

    play(main)


@pytest.mark.covers("B31c")
def test_an_op_error_is_tried_twice(play, run):
    def main():
        with run(errors=(unavailable(),)) as training:
            training.trigger()
            assert (training.saved, training.saver.tries) == ([0], 2)

    play(main)


@pytest.mark.covers("B31f", "B31h")
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


@pytest.mark.covers("B31d", "B31g")
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


def test_whoever_triggers_can_have_op_errors_ignored_and_no_others(play, run):
    def main():
        with run(errors=(unavailable(), unavailable(), ValueError("bad"))) as training:
            training.trigger(ignore_save_errors=True)
            assert training.saved == []
            with pytest.raises(ValueError, match="bad"):
                training.trigger(ignore_save_errors=True)

    play(main)


@pytest.mark.covers("B31b")
def test_each_failed_try_is_logged_with_its_traceback_also_the_last(play, run, caplog):
    def main():
        with run(errors=(unavailable(), unavailable())) as training:
            training.trigger(ignore_save_errors=True)

    with caplog.at_level("ERROR", logger="absl"):
        play(main)
    logged = [(record.getMessage(), bool(record.exc_info)) for record in caplog.records]
    assert logged == [("Failed to save, retrying ...", True)] * 2


@pytest.mark.covers("B31a", "B31c")
def test_a_second_try_repeats_the_whole_save(play, run):
    notes: list[str] = []

    class FailsOnce(Listens):
        def after_save(self, session: Any, global_step_value: int) -> bool:
            super().after_save(session, global_step_value)
            if notes.count("l.after 0") == 1:
                raise unavailable()
            return False

    def main():
        with run(listeners=[FailsOnce("l", notes), Listens("m", notes)]) as training:
            notes.clear()
            training.trigger()
            assert training.saved == [0, 0]
            before = ["l.before 0", "m.before 0"]
            assert notes == [*before, "l.after 0", *before, "l.after 0", "m.after 0"]

    play(main)


@pytest.mark.covers("B31a", "B31c")
def test_the_summary_of_a_save_is_part_of_the_attempt(play, run, monkeypatch):
    errors = [unavailable()]

    def main():
        with run() as training:
            writer = training.hook._summary_writer
            add_session_log = writer.add_session_log

            def add(*given: Any) -> None:
                if errors:
                    raise errors.pop()
                add_session_log(*given)

            monkeypatch.setattr(writer, "add_session_log", add)
            training.trigger()
            assert training.saved == [0, 0]

    play(main)


@pytest.mark.covers("B31d")
def test_a_scheduled_save_that_fails_ends_training(play, run):
    def main():
        with (
            pytest.raises(ValueError, match="bad"),
            run(errors=(ValueError("bad"),), save_steps=1) as training,
        ):
            training.train()

    play(main)


@pytest.mark.covers("B31e", "B31g")
def test_training_can_go_on_after_a_scheduled_save_that_fails(play, run):
    def main():
        errors = (unavailable(), unavailable())
        with run(errors=errors, save_steps=1, ignore_save_errors=True) as training:
            training.train(2)
            assert training.saved == [2]

    play(main)


@pytest.mark.covers("B32b")
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


@pytest.mark.covers("B32a")
def test_a_save_asked_for_with_the_timer_disabled_makes_the_exit_write(play, run):
    def main():
        with run() as training:
            training.train()
            training.trigger()
            training.hook.timer.disable()
            training.trigger()
            assert training.saved == [1]
        assert training.saved == [1, 1]

    play(main)


@pytest.mark.covers("B32c", "B32d", "B73b")
def test_dense_only_skips_step_0_and_the_step_that_it_has_written_last_and_the_exit(play, run):
    notes: list[str] = []

    def main():
        listeners = [Listens("l", notes)]
        with run(is_dense_only=True, listeners=listeners) as training:
            training.trigger()
            assert training.saved == []
            training.train()
            training.trigger()
            training.trigger()
            assert training.saved == [1]
            training.train()
        assert training.saved == [1]
        assert notes == ["l.begin", "l.before 1", "l.after 1"]

    play(main)


@pytest.mark.covers("B73c", "B73d")
@pytest.mark.parametrize("flag", ["_has_dense_only", "_in_model_dump_mode"])
def test_a_full_hook_beside_a_dense_one_or_in_a_dump_always_writes_at_the_exit(
    play, run, monkeypatch, flag
):
    notes: list[str] = []
    monkeypatch.setattr(NoFirstSaveCheckpointSaverHook, flag, True)

    def main():
        options = {
            "listeners": [Listens("l", notes)],
            "guard_saver_listeners": [Listens("g", notes)],
        }
        with run(**options) as training:
            training.train()
            training.trigger()
            notes.clear()
        assert training.saved == [1, 1]
        assert notes == ["l.before 1", "l.after 1", "l.end 1"]

    play(main)


@pytest.mark.covers("B73e")
def test_the_write_at_such_an_exit_has_no_second_try(play, run, monkeypatch):
    monkeypatch.setattr(NoFirstSaveCheckpointSaverHook, "_in_model_dump_mode", True)

    def main():
        with pytest.raises(tf.errors.UnavailableError), run(errors=(unavailable(),)) as training:
            training.train()

    play(main)


@pytest.mark.covers("B32e")
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


@pytest.mark.covers("B30l")
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


@pytest.mark.covers("B72a", "B72b", "B72d")
def test_guards_enclose_all_tries_and_hear_of_each_outcome(play, run):
    notes: list[str] = []

    def main():
        guards = [Listens("g", notes), Listens("h", notes)]
        options = {"listeners": [Listens("l", notes)], "guard_saver_listeners": guards}
        with run(errors=(unavailable(), ValueError("bad")), **options) as training:
            assert notes == ["l.begin"]
            notes.clear()
            with pytest.raises(ValueError, match="bad"):
                training.trigger()
            begin, tried, end = (
                ["g.before 0", "h.before 0"],
                "l.before 0",
                ["h.after 0", "g.after 0"],
            )
            assert notes == [*begin, tried, tried, *end]
            notes.clear()
            training.trigger()
            assert notes == [*begin, "l.before 0", "l.after 0", *end]
            notes.clear()
        assert notes == ["l.end 0"]

    play(main)


@pytest.mark.covers("B72c")
def test_what_a_guard_raises_is_logged_and_swallowed(play, run, caplog):
    notes: list[str] = []

    class Fails(Listens):
        def before_save(self, session: Any, global_step_value: int) -> None:
            raise ValueError("before")

        def after_save(self, session: Any, global_step_value: int) -> bool:
            raise unavailable("after")

    def main():
        guards = [Fails("g", notes), Listens("h", notes)]
        with run(guard_saver_listeners=guards) as training:
            training.trigger()
            assert training.saved == [0]
            assert notes == ["h.before 0", "h.after 0"]

    with caplog.at_level("ERROR", logger="absl"):
        play(main)
    assert [bool(record.exc_info) for record in caplog.records] == [True, True]


@pytest.mark.covers("B74a", "B74b", "B74c")
def test_session_creation_writes_the_graph_for_debugging_and_monoliths_state(play, run):
    def main():
        with run() as training:
            names = {path.name for path in training.folder.iterdir()}
            assert {"graph.pbtxt", "meta_graph_for_debugging.pb", "monolith_checkpoint"} <= names
            state = get_monolith_checkpoint_state(str(training.folder))
            assert state.builtin_hash_table_type == state.CUCKOO_HASH_MAP
            assert not state.HasField("last_checkpoint_save_timestamp")

    play(main)


@pytest.mark.covers("B74c", "B74d")
def test_each_save_writes_its_time_into_monoliths_state(play, run, clock):
    def main():
        with run(use_native_multi_hash_table=True) as training:
            clock.sleep(7.9)
            training.trigger()
            state = get_monolith_checkpoint_state(str(training.folder))
            assert state.last_checkpoint_save_timestamp == 7
            assert state.builtin_hash_table_type == state.MULTI_CUCKOO_HASH_MAP

    play(main)


@pytest.mark.covers("B74f")
def test_a_state_that_can_be_read_keeps_its_kind_of_tables(play, run, tmp_path):
    state = "builtin_hash_table_type: MULTI_CUCKOO_HASH_MAP\n"
    (tmp_path / "monolith_checkpoint").write_text(state)

    def main():
        with run() as training:
            assert (tmp_path / "monolith_checkpoint").read_text() == state
            training.trigger()
        assert state in (tmp_path / "monolith_checkpoint").read_text()

    play(main)


@pytest.mark.covers("B74b")
def test_a_state_that_cannot_be_read_is_replaced_with_a_warning(play, run, tmp_path, caplog):
    (tmp_path / "monolith_checkpoint").write_text("no_such_field: 1")

    def main():
        with run():
            text = (tmp_path / "monolith_checkpoint").read_text()
            assert text == "builtin_hash_table_type: CUCKOO_HASH_MAP\n"

    with caplog.at_level("WARNING", logger="absl"):
        play(main)
    assert {record.levelname for record in caplog.records} == {"WARNING"}


@pytest.mark.covers("B74f")
def test_a_save_joins_relative_exempt_paths_to_the_folder_and_drops_those_without_a_checkpoint(
    play, run, tmp_path, caplog
):
    for name in ("m-1.index", "m-1.data-00000-of-00001"):
        (tmp_path / name).touch()
    paths = ("m-1", "/gone/m-2")
    state = "".join(f'exempt_model_checkpoint_paths: "{path}"\n' for path in paths)
    (tmp_path / "monolith_checkpoint").write_text(state)

    def main():
        with run() as training:
            training.trigger()
            state = get_monolith_checkpoint_state(str(tmp_path))
            assert list(state.exempt_model_checkpoint_paths) == [str(tmp_path / "m-1")]

    with caplog.at_level("WARNING", logger="absl"):
        play(main)
    assert any("/gone/m-2" in record.getMessage() for record in caplog.records)


@pytest.mark.covers("B74e")
def test_a_state_that_cannot_be_written_is_a_failed_try(play, run, monkeypatch):
    def main():
        with run() as training:
            (training.folder / "monolith_checkpoint").unlink()
            (training.folder / "monolith_checkpoint").mkdir()
            with pytest.raises(tf.errors.OpError):
                training.trigger()
            assert training.saved == [0, 0]

    play(main)


class Counted:
    """Metrics that are remembered."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def emit_counter(self, name: str, value: int, tags: Any) -> None:
        self.seen.append((name, value, tags["mode"]))

    def emit_timer(self, name: str, value: float, tags: Any) -> None:
        self.seen.append((name, value, tags["mode"]))


@pytest.mark.covers("B77a", "B77b", "B77d")
@pytest.mark.parametrize(("is_dense_only", "mode"), [(False, "full"), (True, "dense_only")])
def test_saves_and_failed_tries_are_counted_and_timed(play, run, is_dense_only, mode):
    metrics = Counted()

    def main():
        options = {"metrics": metrics, "is_dense_only": is_dense_only}
        with run(errors=(unavailable(),), takes=2, **options) as training:
            training.train()
            training.trigger()

    play(main)
    failed, saved = ("save_checkpoint_failed", 1, mode), ("save_checkpoint", 1, mode)
    assert metrics.seen == [failed, saved, ("save_checkpoint_time", 2.0, mode)]


@pytest.mark.covers("B77c")
def test_the_time_that_a_save_took_is_logged_at_info(play, run, caplog):
    def main():
        with run(takes=2) as training:
            training.trigger()

    with caplog.at_level("INFO", logger="absl"):
        play(main)
    logged = [(each.levelname, each.getMessage()) for each in caplog.records]
    assert ("INFO", "saving checkpoint took 2.0 seconds") in logged


@pytest.mark.covers("B34c")
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
