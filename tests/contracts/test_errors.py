"""Every error in every place of a save: who is tried again, who is swallowed, who leaves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierAlreadyPlacedError
from monolith_hooks.checkpoint_state import get_monolith_checkpoint_state
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server.server_lib import ControllerServicer
from monolith_hooks.server.service_pb2 import SaveCheckpointRequest
from tests.contracts.errors import EXCEPTIONS, LEAVING, OP_ERRORS, raised, records

tf1 = tf.compat.v1


class Script(tf1.train.CheckpointSaverListener):
    """A listener and saver whose calls are written down, and raise what was planned."""

    saver_def = None

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._planned: dict[str, list[BaseException]] = {}

    def plan(self, place: str, *errors: BaseException) -> None:
        """Raise these the next times, and write down anew."""
        self._planned = {place: list(errors)}
        self.calls.clear()

    def called(self, place: str) -> None:
        self.calls.append(place)
        if self._planned.get(place):
            raise self._planned[place].pop(0)

    def before_save(self, session: Any, global_step_value: int) -> None:
        self.called("before")

    def save(self, *args: Any, **options: Any) -> None:
        self.called("write")

    def after_save(self, session: Any, global_step_value: int) -> None:
        self.called("after")


class Guard(tf1.train.CheckpointSaverListener):
    """A guard that writes down into a script, and raises what that says."""

    def __init__(self, script: Script, name: str) -> None:
        self._script, self._name = script, name

    def before_save(self, session: Any, global_step_value: int) -> None:
        self._script.called(f"{self._name} before")

    def after_save(self, session: Any, global_step_value: int) -> None:
        self._script.called(f"{self._name} after")


class Counters:
    """Metrics that count."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def emit_counter(self, name: str, value: int, tags: Any) -> None:
        self.names += [name] * value

    def emit_timer(self, name: str, value: float, tags: Any) -> None:
        pass


class Saving:
    """A saver hook that a script listens to and writes for, in a session."""

    def __init__(self, folder: Path, clock: Any, config: Any) -> None:
        self._folder, self._clock, self._config = folder, clock, config
        self.script, self.metrics = Script(), Counters()
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.hook = self.new_hook(guard_saver_listeners=self.guards("first", "second"))
        self.hook.begin()
        self.session = tf1.Session(config=config)
        self.session.run(tf1.global_variables_initializer())
        self.hook.after_create_session(self.session, None)

    def guards(self, *names: str) -> list[Guard]:
        return [Guard(self.script, name) for name in names]

    def new_hook(self, **options: Any) -> NoFirstSaveCheckpointSaverHook:
        return NoFirstSaveCheckpointSaverHook(
            str(self._folder),
            save_steps=1,
            saver=self.script,
            listeners=[self.script],
            clock=self._clock,
            metrics=self.metrics,
            **options,
        )

    def save(self, ignore: bool = False) -> None:
        self.metrics.names.clear()
        self.hook.trigger_save(self.session, ignore)

    def monitored(self, hook: Any) -> Any:
        creator = tf1.train.ChiefSessionCreator(config=self._config)
        return tf1.train.MonitoredSession(creator, [hook])


TRY = ["before", "write", "after"]
ENTER, LEAVE = ["first before", "second before"], ["second after", "first after"]


def attempt(place: str) -> list[str]:
    """The calls of an attempt that fails there."""
    return TRY[: TRY.index(place) + 1]


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


@pytest.fixture
def saving(tmp_path: Path, clock: Any, config: Any) -> Iterator[Saving]:
    with tf.Graph().as_default():
        yield Saving(tmp_path, clock, config)


@pytest.mark.covers("B31a", "B31b", "B31c", "B31e", "B31g", "B72b", "B77b")
@pytest.mark.parametrize("place", TRY)
def test_an_op_error_is_tried_once_more_and_then_raised_or_ignored(saving, caplog, place):
    for make in OP_ERRORS:
        errors = [make(str(number)) for number in range(3)]
        for ignore in (False, True):
            saving.script.plan(place, errors[0])
            with raised(None):
                saving.save(ignore)
            assert saving.script.calls == [*ENTER, *attempt(place), *TRY, *LEAVE]
            assert records(caplog, "ERROR") == 1
            assert saving.metrics.names == ["save_checkpoint_failed", "save_checkpoint"]
            saving.script.plan(place, *errors)
            with raised(None if ignore else errors[1]):
                saving.save(ignore)
            assert saving.script.calls == [*ENTER, *attempt(place) * 2, *LEAVE]
            assert records(caplog, "ERROR") == 2
            assert saving.metrics.names == ["save_checkpoint_failed"] * 2


@pytest.mark.covers("B31d", "B72b")
@pytest.mark.parametrize("place", TRY)
@pytest.mark.parametrize("ignore", [False, True])
def test_any_other_error_is_neither_tried_again_nor_ignored(saving, caplog, place, ignore):
    for make in (*EXCEPTIONS, BarrierAlreadyPlacedError, *LEAVING):
        error = make("other")
        saving.script.plan(place, error)
        with raised(error):
            saving.save(ignore)
        assert saving.script.calls == [*ENTER, *attempt(place), *LEAVE]
        saving.script.plan(place, OP_ERRORS[0]("first"), error)
        with raised(error):
            saving.save(ignore)
        assert saving.script.calls == [*ENTER, *attempt(place) * 2, *LEAVE]
        assert records(caplog, "ERROR") == 1
        saving.script.plan("")
        saving.save()
        assert saving.script.calls == [*ENTER, *TRY, *LEAVE]


@pytest.mark.covers("B72a", "B72b", "B72c")
@pytest.mark.parametrize("place", [*ENTER, *LEAVE])
def test_what_a_guard_raises_is_logged_and_the_rest_goes_on(saving, caplog, place):
    for make in (*OP_ERRORS, *EXCEPTIONS, BarrierAlreadyPlacedError):
        saving.script.plan(place, make("guard"))
        saving.save()
        assert saving.script.calls == [*ENTER, *TRY, *LEAVE]
        assert records(caplog, "ERROR") == 1
    for make in LEAVING:
        error = make("leaves")
        saving.script.plan(place, error)
        with raised(error):
            saving.save()


@pytest.mark.covers("B74e")
def test_a_state_file_that_cannot_be_written_is_a_failed_try(saving, tmp_path, caplog):
    (tmp_path / "monolith_checkpoint").unlink()
    (tmp_path / "monolith_checkpoint").mkdir()
    saving.script.plan("")
    with pytest.raises(tf.errors.OpError):
        saving.save()
    assert saving.script.calls == [*ENTER, *TRY * 2, *LEAVE]
    assert records(caplog, "ERROR") == 2
    saving.save(ignore=True)
    (tmp_path / "monolith_checkpoint").rmdir()
    saving.save()
    assert saving.metrics.names == ["save_checkpoint"]


@pytest.mark.covers("B31d", "B31e", "B31f")
@pytest.mark.parametrize("ignores", [False, True])
def test_the_hooks_own_saves_heed_its_option_and_calls_theirs(saving, ignores):
    hook = saving.new_hook(ignore_save_errors=ignores)
    for make in (OP_ERRORS[0], OP_ERRORS[8], OSError, ValueError):
        with saving.monitored(hook) as session:
            errors = [make(str(number)) for number in range(4)]
            is_op_error = isinstance(errors[0], tf.errors.OpError)
            left = errors[1] if is_op_error else errors[0]
            raw = session._tf_sess()
            for ignore in (False, True):
                saving.script.plan("write", *errors)
                with raised(None if ignore and is_op_error else left):
                    hook.trigger_save(raw, ignore)
            saving.script.plan("write", *errors)
            with raised(None if ignores and is_op_error else left):
                session.run(saving.step)
            saving.script.plan("write")


@pytest.mark.covers("B31h", "B73a")
@pytest.mark.parametrize("make", [OP_ERRORS[0], OP_ERRORS[12], OSError, ValueError])
def test_an_exit_writes_what_is_not_saved_with_a_retry_and_nothing_that_failed(saving, make):
    hook = saving.new_hook(guard_saver_listeners=saving.guards("first", "second"))
    with saving.monitored(hook) as session:
        hook.timer.disable()
        session.run(saving.step)
        errors = [make("1"), make("2")]
        saving.script.plan("write", *errors)
        with pytest.raises(type(errors[0])):
            hook.end(session._tf_sess())
        tries = 2 if isinstance(errors[0], tf.errors.OpError) else 1
        assert saving.script.calls == [*ENTER, *attempt("write") * tries, *LEAVE]
        hook.timer.enable()
        saving.script.plan("write", *errors)
        with pytest.raises(type(errors[0])):
            hook.trigger_save(session._tf_sess())
        saving.script.plan("")
    assert saving.script.calls == []


@pytest.mark.covers("B73c", "B73d", "B73e")
@pytest.mark.parametrize("flag", ["_has_dense_only", "_in_model_dump_mode"])
@pytest.mark.parametrize("make", [OP_ERRORS[0], OP_ERRORS[12], OSError, ValueError])
def test_an_exit_that_always_writes_has_one_try_and_no_guards(saving, monkeypatch, flag, make):
    error = make("once")
    monkeypatch.setattr(NoFirstSaveCheckpointSaverHook, flag, True)
    saving.script.plan("write", error)
    with raised(error):
        saving.hook.end(saving.session)
    assert saving.script.calls == attempt("write")
    saving.script.plan("")
    saving.hook.end(saving.session)
    assert saving.script.calls == TRY


@pytest.mark.covers("B31f")
def test_any_error_of_a_save_leaves_its_handler(saving):
    servicer = ControllerServicer(saving.session, None, saving.hook)
    for make in (*OP_ERRORS, *EXCEPTIONS, *LEAVING):
        errors = [make("1"), make("2")]
        saving.script.plan("write", *errors)
        with raised(errors[isinstance(errors[0], tf.errors.OpError)]):
            servicer.SaveCheckpoint(SaveCheckpointRequest(), None)


@pytest.mark.covers("B74h")
def test_a_state_that_cannot_be_read_is_none_and_any_other_error_leaves(
    tmp_path, monkeypatch, caplog
):
    (tmp_path / "monolith_checkpoint").touch()
    for make in (*OP_ERRORS, *EXCEPTIONS, *LEAVING):
        error = make("read")

        def refuse(*args: Any, error: BaseException = error, **options: Any) -> None:
            raise error

        monkeypatch.setattr(tf.io.gfile, "GFile", refuse)
        is_none = isinstance(error, tf.errors.OpError | UnicodeDecodeError)
        with raised(None if is_none else error):
            assert get_monolith_checkpoint_state(str(tmp_path)) is None
        assert records(caplog, "WARNING") == int(is_none)


class Wishes(tf1.train.CheckpointSaverListener):
    """A listener that wishes to stop, or not."""

    def __init__(self, wish: bool | None) -> None:
        self._wish = wish
        self.saves = 0

    def after_save(self, session: Any, global_step_value: int) -> bool | None:
        self.saves += 1
        return self._wish


@pytest.mark.covers("B30l", "B31a")
@pytest.mark.parametrize("wishes", [(True, None), (None, True), (True, True), (False, None)])
def test_a_wish_to_stop_skips_no_listener_and_is_heeded_after_a_step_alone(saving, wishes):
    listeners = [Wishes(wish) for wish in wishes]
    hook = saving.new_hook(no_first_save=False)
    hook._listeners = listeners
    with saving.monitored(hook) as session:
        first = listeners[0].saves
        hook.trigger_save(session._tf_sess())
        assert not session.should_stop()
        session.run(saving.step)
        assert session.should_stop() == (True in wishes)
        assert [each.saves for each in listeners] == [first + 2] * 2


@pytest.mark.covers("B31g", "B32c", "B32d")
@pytest.mark.parametrize("place", [*TRY, "nowhere"])
def test_a_dense_only_hook_writes_again_what_it_failed_to_write(saving, place):
    hook = saving.new_hook(is_dense_only=True, no_first_save=False)
    with saving.monitored(hook) as session:
        raw = session._tf_sess()
        raw.run(saving.step)
        saving.script.plan(place, ValueError("refused"))
        with contextlib.suppress(ValueError):
            hook.trigger_save(raw)
        for expected in ([] if place == "nowhere" else TRY, []):
            saving.script.plan("")
            hook.trigger_save(raw)
            assert saving.script.calls == expected
