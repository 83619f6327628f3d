"""The controller and its client, over real gRPC and in virtual time."""

from __future__ import annotations

import stat
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.ps_check_hooks import Config, PsHealthCheckerHook
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server.access import ServerAccess
from monolith_hooks.server.client_lib import get_stub_from_model_dir
from monolith_hooks.server.constants import SERVER_ADDR_FILENAME
from monolith_hooks.server.server_lib import ServerHook
from monolith_hooks.server.service_pb2 import (
    GetBlockStatusRequest,
    GetTrainingStatusRequest,
    ResumeTrainingRequest,
    ResumeTrainingResponse,
    SaveCheckpointRequest,
    StopTrainingRequest,
    StopTrainingResponse,
)

tf1 = tf.compat.v1
Code = grpc.StatusCode

REQUESTS = {
    "StopTraining": StopTrainingRequest(),
    "ResumeTraining": ResumeTrainingRequest(),
    "GetBlockStatus": GetBlockStatusRequest(),
    "SaveCheckpoint": SaveCheckpointRequest(),
    "GetTrainingStatus": GetTrainingStatusRequest(),
}


class SlowSaver(tf1.train.Saver):
    takes: float = 0
    error: Exception | None = None

    def __init__(self, clock: Any) -> None:
        super().__init__()
        self._clock = clock
        self.saved: list[int] = []

    def save(self, sess: Any, save_path: str, **options: Any) -> str:
        if self.takes:
            self._clock.sleep(self.takes)
        if self.error:
            raise self.error
        path = super().save(sess, save_path, **options)
        self.saved.append(int(options["global_step"]))
        return path


class Controlled:
    """A session with the saver and the server hook, and an operator who calls."""

    def __init__(self, clock: Any, config: Any, model_dir: Path, **options: Any) -> None:
        self._clock = clock
        self._config = config
        self.model_dir = model_dir
        self._more = options.get("hooks", [])
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.barrier = BarrierOp(
            options.get("capacity", 1), barrier_callbacks=options.get("callbacks"), clock=clock
        )
        self.saver = SlowSaver(clock)
        self.saver_hook = NoFirstSaveCheckpointSaverHook(
            str(model_dir), save_secs=10**6, saver=self.saver, clock=clock
        )
        self.server_hook = ServerHook(
            str(model_dir),
            self.barrier,
            self.saver_hook,
            clock=clock,
            server_addr=addr_on_loopback,
            access=options.get("access"),
        )

    def __enter__(self) -> Controlled:
        creator = tf1.train.ChiefSessionCreator(config=self._config)
        hooks = [self.saver_hook, self.server_hook, *self._more]
        self.session = tf1.train.MonitoredSession(creator, hooks).__enter__()
        self.raw = self.session._tf_sess()
        self.stub = get_stub_from_model_dir(str(self.model_dir))
        return self

    def __exit__(self, *raised: Any) -> Any:
        return self.session.__exit__(*raised)

    def call(self, method: str) -> Any:
        """The response, or the code and the details of the error."""
        invoke = getattr(self.stub, method).future
        future = self._clock.hand_over(lambda: invoke(REQUESTS[method]))
        try:
            return future.result()
        except grpc.RpcError as error:
            return error.code(), error.details()

    def call_beside(self, method: str) -> list[Any]:
        """Call in a lane of its own; the list gets the result and its time."""
        results: list[Any] = []

        def branch() -> None:
            results.append((self.call(method), self._clock.now()))

        self._clock.start_lane(branch, "concurrently")
        return results

    def status(self) -> tuple[list[int], list[int]]:
        status = self.call("GetBlockStatus")
        return list(status.blocked_indices), list(status.unblocked_indices)


class FailsOnce(tf1.train.SessionRunHook):
    """Has the session recreated at its first step."""

    failed = False

    def before_run(self, run_context: Any) -> None:
        if not self.failed:
            self.failed = True
            raise tf.errors.UnavailableError(None, None, "once")


def addr_on_loopback(port: int) -> str:
    return f"localhost:{port}"


@pytest.fixture
def controlled(clock, config, tmp_path):
    return lambda **options: Controlled(clock, config, tmp_path, **options)


@pytest.mark.covers("B25a", "B25b", "B26a", "B26b", "B27a")
def test_a_training_is_stopped_once_and_resumed_at_will(play, controlled):
    def main():
        with controlled() as training:
            assert training.status() == ([], [0])
            assert training.call("ResumeTraining") == ResumeTrainingResponse()
            assert training.call("StopTraining") == StopTrainingResponse()
            assert training.status() == ([0], [])
            assert training.call("StopTraining") == (
                Code.ALREADY_EXISTS,
                "Barrier is placed already.",
            )
            assert training.call("ResumeTraining") == ResumeTrainingResponse()
            assert training.status() == ([], [0])

    play(main)


@pytest.mark.covers("B27b", "B27c")
def test_the_status_names_who_is_blocked_ascending(play, controlled, clock):
    def main():
        with controlled(capacity=5) as training:
            training.call("StopTraining")
            for index in (4, 1, 3):
                clock.start_thread(
                    lambda index=index: training.barrier.wait_until_barrier_removed(
                        training.raw, index
                    ),
                    name=f"worker-{index}",
                )
            clock.settle()
            assert training.status() == ([0, 1, 3, 4], [2])
            training.call("ResumeTraining")
            assert training.status() == ([1, 3, 4], [0, 2])
            clock.sleep(1)
            clock.settle()
            assert training.status() == ([], [0, 1, 2, 3, 4])

    play(main)


@pytest.mark.covers("B43b")
def test_unblocked_indices_are_ascending_at_any_capacity(play, controlled):
    def main():
        with controlled(capacity=100) as training:
            training.call("StopTraining")
            assert training.status() == ([0], list(range(1, 100)))

    play(main)


@pytest.mark.covers("B25c")
def test_of_concurrent_stops_exactly_one_is_ok(play, controlled, clock):
    def main():
        with controlled(callbacks=[lambda *_: clock.sleep(1)]) as training:
            results = [training.call_beside("StopTraining") for _ in range(4)]
            clock.sleep(10)
            refused = [result for ((result, _),) in results if isinstance(result, tuple)]
            assert refused == [(Code.ALREADY_EXISTS, "Barrier is placed already.")] * 3

    play(main)


@pytest.mark.covers("B28a", "B28b")
def test_a_callback_that_raises_is_unknown_and_the_barrier_is_placed(play, controlled):
    def fail(action: str, session: Any) -> None:
        raise RuntimeError("callback failed")

    def main():
        with controlled(callbacks=[fail]) as training:
            assert training.call("StopTraining") == (
                Code.UNKNOWN,
                "Exception calling application: callback failed",
            )
            assert training.status() == ([0], [])

    play(main)


@pytest.mark.covers("B29a")
def test_the_training_status_is_the_global_step(play, controlled):
    def main():
        with controlled() as training:
            assert training.call("GetTrainingStatus").global_step == 0
            training.session.run(training.step)
            assert training.call("GetTrainingStatus").global_step == 1

    play(main)


@pytest.mark.covers("B29b", "B34g")
def test_without_a_global_step_the_training_status_is_unknown(play, clock, config, tmp_path):
    def main():
        barrier = BarrierOp(1, clock=clock)
        hook = ServerHook(str(tmp_path), barrier, None, clock=clock, server_addr=addr_on_loopback)
        with tf1.Session(config=config) as session:
            hook.after_create_session(session, None)
            stub = get_stub_from_model_dir(str(tmp_path))
            invoke = stub.GetTrainingStatus.future
            future = clock.hand_over(lambda: invoke(GetTrainingStatusRequest()))
            assert future.code() is Code.UNKNOWN
            hook.end(session)
            hook.end(session)

    play(main)


@pytest.mark.covers("B30a", "B30f")
def test_a_save_answers_when_the_checkpoint_is_written(play, controlled, clock):
    def main():
        with controlled() as training:
            training.saver.takes = 3
            training.session.run(training.step)
            training.call("SaveCheckpoint")
            assert clock.now() == 3
            assert training.saver.saved == [1]
            assert (training.model_dir / "model.ckpt-1.index").exists()
        assert training.saver.saved == [1]

    play(main)


@pytest.mark.covers("B31f")
def test_a_saver_that_fails_is_unknown_with_its_message(play, controlled):
    def main():
        with controlled() as training:
            training.saver.error = tf.errors.InternalError(None, None, "disk full")
            assert training.call("SaveCheckpoint") == (
                Code.UNKNOWN,
                "Exception calling application: disk full",
            )

    play(main)


@pytest.mark.covers("B33a")
def test_a_third_call_waits_for_one_of_two_handlers(play, controlled, clock):
    def main():
        with controlled() as training:
            training.saver.takes = 2
            saves = [training.call_beside("SaveCheckpoint") for _ in range(2)]
            clock.settle()
            stop = training.call_beside("StopTraining")
            clock.sleep(10)
            assert [time for ((_, time),) in saves] == [2, 4]
            assert [time for _, time in stop] == [2]

    play(main)


@pytest.mark.covers("B28c", "B28d")
def test_calls_that_the_protocol_does_not_have_are_told_apart(play, controlled, clock):
    def main():
        with controlled() as training:
            addr = (training.model_dir / SERVER_ADDR_FILENAME).read_text()
            with grpc.insecure_channel(addr) as channel:
                # A field of wire type 6, which there is none of.
                outcomes = []
                for method in ("/Controller/StopTraining", "/Controller/Explode"):
                    invoke = channel.unary_unary(method)
                    future = clock.hand_over(lambda invoke=invoke: invoke.future(b"\x0e"))
                    outcomes.append((future.code(), future.details()))
            assert outcomes == [
                (Code.INTERNAL, "Exception deserializing request!"),
                (Code.UNIMPLEMENTED, "Method not found!"),
            ]

    play(main)


@pytest.mark.covers("B34b", "B35g")
def test_the_port_refuses_after_the_end_and_the_address_file_is_left(play, controlled):
    def main():
        with controlled() as training:
            pass
        assert training.call("ResumeTraining")[0] is Code.UNAVAILABLE
        assert (training.model_dir / SERVER_ADDR_FILENAME).exists()

    play(main)


@pytest.mark.covers("B34c")
def test_a_save_in_flight_at_the_end_is_unknown_and_leaves_no_checkpoint(play, controlled, clock):
    def main():
        with controlled() as training:
            training.session.run(training.step)
            training.saver.takes = 5
            save = training.call_beside("SaveCheckpoint")
            clock.settle()
        clock.sleep(10)
        ((result, _),) = save
        assert result == (
            Code.UNKNOWN,
            "Exception calling application: Attempted to use a closed Session.",
        )
        assert not list(training.model_dir.glob("model.ckpt-1*"))

    play(main)


@pytest.mark.covers("B37a")
def test_an_exception_in_the_body_leaves_the_server_answering(play, controlled):
    def main():
        with pytest.raises(ValueError, match="body"), controlled() as training:
            raise ValueError("body")
        assert training.call("GetTrainingStatus") == (
            Code.UNKNOWN,
            "Exception calling application: Attempted to use a closed Session.",
        )

    play(main)


@pytest.mark.covers("B36b", "B36d")
def test_a_recreated_session_has_a_new_server_and_a_clear_barrier(play, controlled):
    def main():
        with controlled(hooks=[FailsOnce()]) as training:
            address_file = training.model_dir / SERVER_ADDR_FILENAME
            first = address_file.read_text()
            training.call("StopTraining")
            training.session.run(training.step)
            assert address_file.read_text() != first
            training.stub = get_stub_from_model_dir(str(training.model_dir))
            assert training.status() == ([], [0])

    play(main)


def test_with_access_the_server_of_a_recreated_session_replaces_the_one_before_it(
    play, controlled, tmp_path
):
    """So it can have the same address: a unix socket here."""

    def main():
        access = ServerAccess(f"unix:{tmp_path}/s", audit=lambda record: None)
        with controlled(hooks=[FailsOnce()], access=access) as training:
            training.call("StopTraining")
            training.session.run(training.step)
            assert training.status() == ([], [0])
        assert not (tmp_path / "s").exists()

    play(main)


@pytest.mark.covers("B37b")
def test_a_later_hook_that_raises_at_creation_leaves_the_server_usable(play, controlled):
    class Fails(tf1.train.SessionRunHook):
        def after_create_session(self, session: Any, coord: Any) -> None:
            raise ValueError("creation")

    def main():
        training = controlled(hooks=[Fails()])
        with pytest.raises(ValueError, match="creation"):
            training.__enter__()
        training.stub = get_stub_from_model_dir(str(training.model_dir))
        assert training.call("StopTraining") == StopTrainingResponse()
        assert training.status() == ([0], [])
        training.server_hook.end(None)

    play(main)


@pytest.mark.covers("B36e")
def test_an_old_server_that_something_refers_to_outlives_the_exit(play, controlled):
    class FailsOnce(tf1.train.SessionRunHook):
        failed = False

        def before_run(self, run_context: Any) -> None:
            if not self.failed:
                self.failed = True
                raise tf.errors.AbortedError(None, None, "once")

    def main():
        with controlled(hooks=[FailsOnce()]) as training:
            old = training.server_hook._server
            training.session.run(training.step)
            assert training.server_hook._server is not old
        assert training.call("GetTrainingStatus") == (
            Code.UNKNOWN,
            "Exception calling application: Attempted to use a closed Session.",
        )
        old.stop(None)

    play(main)


@pytest.fixture
def published(play, clock, config, tmp_path):
    """The folder in which a server hook has published ``addr``, in folders of its own."""

    def publish(model_dir: Path, addr: str = "[::1]:7") -> None:
        def main() -> None:
            hook = ServerHook(str(model_dir), None, None, clock=clock, server_addr=lambda _: addr)
            with tf1.Session(config=config) as session:
                hook.after_create_session(session, None)
                hook.end(session)

        play(main)

    return publish


@pytest.mark.covers("B35c", "B35d", "B35e")
def test_the_address_file_has_the_address_alone_and_others_may_read_it(published, tmp_path):
    model_dir = tmp_path / "not" / "there"
    published(model_dir)
    file = model_dir / SERVER_ADDR_FILENAME
    assert file.read_bytes() == b"[::1]:7"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [path.name for path in model_dir.iterdir()] == [SERVER_ADDR_FILENAME]


@pytest.mark.covers("B35a", "B35h", "B78d")
def test_before_the_address_is_written_the_server_listens_on_all_interfaces_at_a_port_of_its_own(
    play, clock, config, tmp_path
):
    ports: list[int] = []

    def listening(port: int) -> str:
        assert not (tmp_path / SERVER_ADDR_FILENAME).exists()
        for host in ("127.0.0.1", "127.0.0.2"):
            with grpc.insecure_channel(f"{host}:{port}") as channel:
                # Nobody handles it, so that the answer comes from the server itself.
                call = channel.unary_unary("/Controller/Explode").future(b"", timeout=10)
                assert call.code() is Code.UNIMPLEMENTED
        ports.append(port)
        return f"localhost:{port}"

    def main():
        hooks = [
            ServerHook(str(tmp_path), None, None, clock=clock, server_addr=listening)
            for _ in range(2)
        ]
        with tf1.Session(config=config) as session:
            for hook in hooks:
                (tmp_path / SERVER_ADDR_FILENAME).unlink(missing_ok=True)
                hook.after_create_session(session, None)
            for hook in hooks:
                hook.end(session)

    play(main)
    assert len(set(ports)) == 2


@pytest.mark.covers("B35b")
def test_a_reader_of_the_address_file_sees_the_old_or_the_new_one(published, tmp_path, monkeypatch):
    file = tmp_path / SERVER_ADDR_FILENAME
    file.write_text("old")
    seen: list[str] = []
    rename = tf.io.gfile.rename

    def renaming(source: str, target: str, overwrite: bool = False) -> None:
        seen.append(file.read_text())
        rename(source, target, overwrite=overwrite)
        seen.append(file.read_text())

    monkeypatch.setattr(tf.io.gfile, "rename", renaming)
    published(tmp_path)
    assert seen == ["old", "[::1]:7"]


@pytest.mark.covers("B35f")
def test_the_address_file_is_overwritten(published, tmp_path):
    (tmp_path / SERVER_ADDR_FILENAME).write_text("an address that is much longer: 1")
    published(tmp_path)
    assert (tmp_path / SERVER_ADDR_FILENAME).read_text() == "[::1]:7"


@pytest.mark.covers("B35i")
def test_a_model_dir_that_is_a_file_is_refused(published, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(tf.errors.FailedPreconditionError):
        published(tmp_path / "file")


def test_an_address_that_cannot_be_published_leaves_no_server_and_no_file(
    play, clock, config, tmp_path
):
    ports = []

    def main():
        def fail(port: int) -> str:
            ports.append(port)
            raise OSError("no name")

        hook = ServerHook(str(tmp_path), None, None, clock=clock, server_addr=fail)
        with tf1.Session(config=config) as session, pytest.raises(OSError, match="no name"):
            hook.after_create_session(session, None)
        assert list(tmp_path.iterdir()) == []
        with grpc.insecure_channel(f"localhost:{ports[0]}") as channel:
            call = channel.unary_unary("/Controller/StopTraining").future(b"")
            assert call.code() is Code.UNAVAILABLE

    play(main)


@pytest.mark.covers("B34a")
def test_the_end_gives_calls_20_seconds_and_does_not_wait_for_them(tmp_path):
    asked: list[float | None] = []

    class Server:
        def stop(self, grace: float | None) -> threading.Event:
            asked.append(grace)
            return threading.Event()  # Waiting for it would never end.

    hook = ServerHook(str(tmp_path), None, None)
    hook._server = Server()
    hook.end(None)
    assert asked == [20]


@pytest.mark.covers("B34e")
def test_a_handler_that_outlasts_the_grace_ends_in_unavailable(config, tmp_path, monkeypatch):
    monkeypatch.setattr("monolith_hooks.server.server_lib._GRACE_SECONDS", 0.2)
    is_placed, is_over = threading.Event(), threading.Event()

    def outlasts(action: str, session: Any) -> None:
        is_placed.set()
        assert is_over.wait(60)

    with tf.Graph().as_default():
        barrier = BarrierOp(1, barrier_callbacks=[outlasts])
        hook = ServerHook(str(tmp_path), barrier, None, server_addr=addr_on_loopback)
        with tf1.Session(config=config) as session:
            session.run(tf1.local_variables_initializer())
            hook.after_create_session(session, None)
            stub = get_stub_from_model_dir(str(tmp_path))
            call = stub.StopTraining.future(StopTrainingRequest())
            assert is_placed.wait(60)
            hook.end(session)
            assert (call.code(), call.details()) == (Code.UNAVAILABLE, "Cancelling all calls")
            is_over.set()


@pytest.mark.covers("B34f")
def test_an_end_before_a_session_says_what_is_missing(tmp_path):
    with pytest.raises(AttributeError, match="before after_create_session"):
        ServerHook(str(tmp_path), None, None).end(None)


def test_the_defaults_work_together_in_real_time(config, tmp_path):
    with tf.Graph().as_default():
        step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        barrier = BarrierOp(2)
        watch = Config(barrier, 1, ps_device_fn=lambda _: "/device:CPU:0")
        saver = NoFirstSaveCheckpointSaverHook(
            str(tmp_path), save_secs=600, saver=tf1.train.Saver()
        )
        hooks = [PsHealthCheckerHook(watch), saver, ServerHook(str(tmp_path), barrier, saver)]
        creator = tf1.train.ChiefSessionCreator(config=config)
        with tf1.train.MonitoredSession(creator, hooks) as session:
            port = (tmp_path / SERVER_ADDR_FILENAME).read_text().rpartition(":")[2]
            (tmp_path / SERVER_ADDR_FILENAME).write_text(f"localhost:{port}")
            stub = get_stub_from_model_dir(str(tmp_path))
            stub.StopTraining(StopTrainingRequest(), timeout=60)
            session.run(step)
            stub.SaveCheckpoint(SaveCheckpointRequest(), timeout=60)
            stub.ResumeTraining(ResumeTrainingRequest(), timeout=60)
            assert stub.GetTrainingStatus(GetTrainingStatusRequest(), timeout=60).global_step == 1
    assert (tmp_path / "model.ckpt-1.index").exists()
