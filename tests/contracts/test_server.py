"""The controller over real gRPC, its handlers in real and in virtual time."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf

from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server import service_pb2
from monolith_hooks.server.client_lib import get_stub_from_model_dir
from monolith_hooks.server.constants import SERVER_ADDR_FILENAME
from monolith_hooks.server.server_lib import ServerHook
from tests.contracts.stages import MS, Stage

tf1 = tf.compat.v1
Code = grpc.StatusCode

PLACED_ALREADY = (Code.ALREADY_EXISTS, "Barrier is placed already.")
STOPPED, RESUMED = service_pb2.StopTrainingResponse(), service_pb2.ResumeTrainingResponse()
SAVED = service_pb2.SaveCheckpointResponse()


class CountedPool(Executor):
    """A pool that knows how many tasks have come to it and how many run."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self.came = self.running = self.most = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        def counted() -> Any:
            self.running += 1
            self.most = max(self.most, self.running)
            try:
                return fn(*args, **kwargs)
            finally:
                self.running -= 1

        future = self._pool.submit(counted)
        self.came += 1
        return future


class Chief:
    """A chief's session with a controller, and an operator who calls it."""

    def __init__(self, stage: Stage, config: Any, model_dir: Path, capacity: int = 1) -> None:
        self.stage, self.clock, self.model_dir = stage, stage.clock, model_dir
        self._config = config
        self.callbacks: list[Any] = []
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        # A list that is empty isn't kept, so there is one callback that calls the others.
        self.barrier = BarrierOp(
            capacity, wait_seconds=MS, barrier_callbacks=[self._called], clock=self.clock
        )
        saver_hook = NoFirstSaveCheckpointSaverHook(
            str(model_dir), save_secs=10**6, clock=self.clock
        )
        self.server_hook = ServerHook(
            str(model_dir),
            self.barrier,
            saver_hook,
            clock=self,
            server_addr=lambda port: f"localhost:{port}",
            grace_seconds=20,
        )
        self._hooks = [saver_hook, self.server_hook]

    def handler_pool(self, workers: int, *, name: str) -> CountedPool:
        """The clock's pool, counted: all that the server hook asks of its clock."""
        self.pool = CountedPool(self.clock.handler_pool(workers, name=name))
        return self.pool

    def __enter__(self) -> Chief:
        creator = tf1.train.ChiefSessionCreator(config=self._config)
        self.session = tf1.train.MonitoredSession(creator, self._hooks).__enter__()
        self.stub = get_stub_from_model_dir(str(self.model_dir))
        return self

    def __exit__(self, *raised: Any) -> Any:
        return self.session.__exit__(*raised)

    def call(self, method: str, **options: Any) -> Any:
        request = getattr(service_pb2, f"{method}Request")()
        return self.stage.call(getattr(self.stub, method), request, **options)

    def is_refused(self) -> bool:
        """Whether a call finds no server; one that is on its way down cancels what reaches it."""
        code, _ = self.call("ResumeTraining")
        assert code in {Code.UNAVAILABLE, Code.CANCELLED}
        return code is Code.UNAVAILABLE

    def call_beside(self, method: str) -> list[Any]:
        """Call on a thread of its own; the list gets the result."""
        results: list[Any] = []
        self.clock.start_thread(lambda: results.append(self.call(method)), name="operator")
        return results

    def status(self) -> tuple[list[int], list[int]]:
        status = self.call("GetBlockStatus")
        return list(status.blocked_indices), list(status.unblocked_indices)

    def _called(self, action: str, session: Any) -> None:
        for callback in self.callbacks:
            callback()


@pytest.fixture
def play(stage, config, tmp_path):
    """Play a test's body with a chief in a graph of its own."""

    def run(body: Any, **options: Any) -> Any:
        def main() -> Any:
            with tf.Graph().as_default():
                return body(Chief(stage, config, tmp_path, **options))

        return stage.play(main)

    return run


def test_every_call_has_the_same_answers_in_the_same_order(play):
    def body(chief):
        with chief:
            assert chief.status() == ([], [0, 1, 2])
            assert chief.call("ResumeTraining") == RESUMED
            assert chief.call("StopTraining") == STOPPED
            assert chief.call("StopTraining") == PLACED_ALREADY
            assert chief.status() == ([0], [1, 2])
            assert chief.call("ResumeTraining") == RESUMED
            assert chief.status() == ([], [0, 1, 2])
            for step in range(3):
                assert chief.call("GetTrainingStatus").global_step == step
                chief.session.run(chief.step)
            assert chief.call("SaveCheckpoint") == SAVED
            assert (chief.model_dir / "model.ckpt-3.index").exists()

    play(body, capacity=3)


def test_a_blocked_worker_is_seen_until_it_has_noticed_the_resume(play, stage, clock):
    def body(chief):
        with chief:
            raw = chief.session._tf_sess()
            chief.call("StopTraining")
            clock.start_thread(
                lambda: chief.barrier.wait_until_barrier_removed(raw, 1), name="worker"
            )
            stage.until(lambda: chief.status() == ([0, 1], [2]))
            chief.call("ResumeTraining")
            assert chief.status()[0] in ([1], [])
            stage.until(lambda: chief.status() == ([], [0, 1, 2]))

    play(body, capacity=3)


@pytest.mark.covers("B36e")
def test_an_old_server_that_something_refers_to_outlives_a_recreation(play):
    def body(chief):
        with chief:
            old, refers_to_it = chief.stub, chief.server_hook._server
            chief.server_hook.after_create_session(chief.session._tf_sess(), None)
            chief.stub = get_stub_from_model_dir(str(chief.model_dir))
            assert chief.call("StopTraining") == STOPPED
            chief.stub = old
            assert chief.call("StopTraining") == PLACED_ALREADY
            refers_to_it.stop(None)

    play(body)


def test_a_third_call_waits_behind_two_that_are_handled(play, stage):
    def body(chief):
        inside, released = [], []

        def hold():
            inside.append(True)
            stage.until(lambda: released)

        chief.callbacks.append(hold)
        with chief:
            first = chief.call_beside("StopTraining")
            stage.until(lambda: inside)
            second = chief.call_beside("StopTraining")
            stage.until(lambda: chief.pool.came == 2)
            third = chief.call_beside("GetTrainingStatus")
            stage.until(lambda: chief.pool.came == 3)
            chief.clock.sleep(10 * MS)
            assert (first, second, third) == ([], [], [])
            released.append(True)
            stage.until(lambda: first and second and third)
            assert (first, second) == ([STOPPED], [PLACED_ALREADY])
            assert third[0].global_step == 0
            assert (chief.pool.most, chief.pool.came) == (2, 3)

    play(body)


@pytest.mark.parametrize("callers", [2, 8])
def test_of_simultaneous_stops_one_is_ok(play, stage, callers):
    def body(chief):
        with chief:
            calls = [chief.call_beside("StopTraining") for _ in range(callers)]
            stage.until(lambda: all(calls))
            results = [result for (result,) in calls]
            assert results.count(STOPPED) == 1
            assert results.count(PLACED_ALREADY) == callers - 1

    play(body)


@pytest.mark.parametrize(
    "message", ["broken", "Zürich 東京 🚂", '100 % of %41 \\ "it\'s"', "x" * 2000]
)
def test_a_handler_that_raises_is_unknown_with_its_message_and_frees_the_barrier(play, message):
    def body(chief):
        def fail():
            raise RuntimeError(message)

        chief.callbacks.append(fail)
        with chief:
            unknown = (Code.UNKNOWN, f"Exception calling application: {message}")
            assert chief.call("StopTraining") == unknown
            chief.callbacks.clear()
            assert chief.call("StopTraining") == PLACED_ALREADY
            assert chief.call("ResumeTraining") == RESUMED
            assert chief.call("StopTraining") == STOPPED

    play(body)


def test_what_is_no_exception_is_never_answered_but_ends_no_handler_and_frees_the_barrier(play):
    def body(chief):
        entered = []

        def leave():
            entered.append(True)
            raise SystemExit("gRPC for Python answers for an Exception alone")

        chief.callbacks.append(leave)
        with chief:
            for count in (1, 2):
                code, _ = chief.call("StopTraining", timeout=1)
                assert code is Code.DEADLINE_EXCEEDED
                assert len(entered) == count
                assert chief.call("ResumeTraining") == RESUMED

    play(body)


def test_after_the_end_new_calls_are_refused(play, stage):
    def body(chief):
        with chief:
            assert chief.call("ResumeTraining") == RESUMED
        stage.until(chief.is_refused)
        assert (chief.model_dir / SERVER_ADDR_FILENAME).exists()

    play(body)


def test_a_call_that_is_handled_at_the_end_has_the_grace_and_is_answered(play, stage):
    def body(chief):
        entered, released = [], []
        chief.callbacks.append(lambda: entered.append(True))
        chief.callbacks.append(lambda: stage.until(lambda: released))
        with chief:
            running = chief.call_beside("StopTraining")
            # A worker that runs may still have to receive the request.
            stage.until(lambda: entered)
            chief.server_hook.end(None)
            stage.until(chief.is_refused)
            # Long enough to tell a grace of 20 s from one of as many milliseconds.
            stage.clock.sleep(100 * MS)
            assert running == []
            released.append(True)
            stage.until(lambda: running)
            assert running == [STOPPED]

    play(body)


def test_a_second_end_is_nothing_and_one_before_a_session_is_an_error(play):
    def body(chief):
        with pytest.raises(AttributeError, match="before after_create_session"):
            chief.server_hook.end(None)
        with chief:
            chief.server_hook.end(None)

    play(body)


def test_the_next_session_has_another_server_at_the_address_in_the_file(play):
    def body(chief):
        addresses = []
        for _ in range(2):
            with chief:
                addresses.append((chief.model_dir / SERVER_ADDR_FILENAME).read_text())
                assert chief.call("ResumeTraining") == RESUMED
        assert addresses[0] != addresses[1]

    play(body)
