"""``monolith-controller`` against a real session's controller, over the loopback interface."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from monolith_hooks import net_utils
from monolith_hooks.barrier_ops import BarrierOp
from monolith_hooks.clock import SYSTEM_CLOCK, SystemClock
from monolith_hooks.controller_cli import Action, Invocation, app, operate
from monolith_hooks.save_utils import NoFirstSaveCheckpointSaverHook
from monolith_hooks.server.access import ServerAccess
from monolith_hooks.server.constants import SERVER_ADDR_FILENAME
from monolith_hooks.server.server_lib import ServerHook

tf1 = tf.compat.v1


class Run:
    """A chief of three workers, none of which has taken a step, and its model directory."""

    def __init__(self, model_dir: Path, access: ServerAccess | None = None) -> None:
        self.model_dir = model_dir
        self.step = tf1.assign_add(tf1.train.get_or_create_global_step(), 1)
        self.barrier = BarrierOp(3)
        self.saver = tf1.train.Saver()
        saver_hook = NoFirstSaveCheckpointSaverHook(
            str(model_dir), save_secs=10**6, saver=self.saver
        )
        self.hooks = [
            saver_hook,
            ServerHook(
                str(model_dir),
                self.barrier,
                saver_hook,
                server_addr="localhost:{}".format,
                access=access,
            ),
        ]

    def __call__(self, *words: str):
        return CliRunner().invoke(app, [*words, "--model-dir", str(self.model_dir)])


@pytest.fixture
def access():
    return None


@pytest.fixture
def run(tmp_path, config, access):
    with tf.Graph().as_default():
        run = Run(tmp_path, access)
        creator = tf1.train.ChiefSessionCreator(config=config)
        with tf1.train.MonitoredSession(creator, run.hooks) as session:
            run.session = session
            run.raw = session._tf_sess()
            session.run(run.step)
            yield run


def test_status_says_how_far_training_is_and_that_it_runs(run):
    done = run("status")
    assert (done.exit_code, done.stdout) == (
        0,
        "step 1, running; workers held: none; free: 1, 2\n",
    )


def test_stop_and_resume_show_in_status_and_in_the_barrier(run):
    assert run("stop").exit_code == 0
    assert run.barrier.is_barrier_placed(run.raw)
    assert run("status").stdout.startswith("step 1, stopping;")
    run.barrier._write_bit(run.raw, 1, True)
    assert run("blocked").stdout == "stopping; workers held: 1; free: 2\n"
    run.barrier._write_bit(run.raw, 2, True)
    assert run("blocked").stdout == "stopped; workers held: 1, 2; free: none\n"
    assert run("resume").stdout == "resumed\n"
    assert run.barrier.is_barrier_removed(run.raw)
    assert run("blocked").stdout == "resuming; workers held: 1, 2; free: none\n"


def test_stopping_twice_is_refused_and_says_who_may_have_stopped_it(run):
    run("stop")
    done = run("stop")
    assert done.exit_code == 1
    assert done.stderr.startswith("training is stopped already\nAn operator stopped it, or the")


def test_resuming_what_runs_is_fine(run):
    assert run("resume").exit_code == 0


def test_save_writes_a_checkpoint(run):
    assert run("save").stdout == "saved\n"
    assert (run.model_dir / "model.ckpt-1.index").exists()


def test_a_save_that_fails_is_refused_with_its_reason(run, monkeypatch):
    def save(*args, **options):
        raise ValueError("disk full")

    monkeypatch.setattr(run.saver, "save", save)
    done = run("save")
    assert done.exit_code == 1
    assert "SaveCheckpoint failed: UNKNOWN" in done.stderr
    assert "disk full" in done.stderr


def test_what_a_recreated_session_leaves_behind_says_that_its_session_is_closed(run, monkeypatch):
    saver_hook, server_hook = run.hooks
    left_behind = server_hook._server  # Else it would be dropped with its session.
    addr = (run.model_dir / SERVER_ADDR_FILENAME).read_text()
    errors = [tf.errors.AbortedError(None, None, "a PS was restarted")]
    before_run = saver_hook.before_run

    def abort_once(context):
        if errors:
            raise errors.pop()
        return before_run(context)

    monkeypatch.setattr(saver_hook, "before_run", abort_once)
    run.session.run(run.step)

    for action in ("status", "stop", "resume", "save"):
        done = CliRunner().invoke(app, [action, "--addr", addr])
        assert done.exit_code == 1
        assert done.stderr.startswith(f"the session of the controller at {addr} is closed\n")
    assert run("stop").exit_code == 0
    left_behind.stop(None)


def test_json_has_the_same_for_scripts(run):
    documents = [json.loads(run(word, "--json").stdout) for word in ("status", "stop", "stop")]
    addr = (run.model_dir / SERVER_ADDR_FILENAME).read_text()
    assert documents[0] == {
        "action": "status",
        "addr": addr,
        "global_step": 1,
        "state": "running",
        "placed": False,
        "blocked": [],
        "free": [1, 2],
    }
    assert documents[1] == {"action": "stop", "addr": addr}
    assert documents[2]["error"] == "training is stopped already"
    assert (documents[2]["code"], documents[2]["exit_code"]) == ("ALREADY_EXISTS", 1)


def test_an_address_can_be_given_instead(run):
    addr = (run.model_dir / SERVER_ADDR_FILENAME).read_text()
    assert CliRunner().invoke(app, ["--addr", addr, "status"]).exit_code == 0


class Impatient(SystemClock):
    """Doesn't sleep, and does something else instead."""

    def __init__(self, instead) -> None:
        self.slept: list[float] = []
        self._instead = iter(instead)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        next(self._instead)()


def test_watch_looks_again_until_something_goes_wrong(run, capsys):
    address = run.model_dir / SERVER_ADDR_FILENAME
    clock = Impatient([lambda: run.session.run(run.step), address.unlink])
    asked = Invocation(Action.STATUS, str(run.model_dir), None, 10, 5, as_json=True)
    assert operate(asked, clock) == 2
    assert clock.slept == [5, 5]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("global_step") for line in lines] == [1, 2, None]
    assert lines[2]["error"] == f"there is no {address}"


def test_watch_ends_with_130_at_ctrl_c(run, monkeypatch):
    def interrupt(self, seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(SystemClock, "sleep", interrupt)
    done = run("blocked", "--watch", "1")
    assert done.exit_code == 130
    assert done.stdout.endswith("  running; workers held: none; free: 1, 2\n")


def controller(*words):
    return CliRunner().invoke(app, list(words))


def test_without_an_address_file_it_says_where_one_should_be(tmp_path):
    done = controller("status", "--model-dir", str(tmp_path))
    assert done.exit_code == 2
    assert f"there is no {tmp_path / SERVER_ADDR_FILENAME}" in done.stderr
    assert "Check that this is the run's model directory" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds '', which isn't an address"),
        (b"here", "holds 'here', which isn't an address"),
        (b" localhost:1", "holds ' localhost:1', which isn't an address"),
        (b"localhost:1\nlocalhost:2", "which isn't an address"),
        (b"localhost:70000", "which isn't an address"),
        (b"\xff:1", "isn't UTF-8 text"),
    ],
)
def test_an_address_file_with_something_else_is_shown(tmp_path, content, said):
    (tmp_path / SERVER_ADDR_FILENAME).write_bytes(content)
    done = controller("status", "--model-dir", str(tmp_path))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Expected host:port, [ipv6]:port or unix:PATH." in done.stderr


def test_an_address_file_that_is_a_folder_cannot_be_read(tmp_path):
    (tmp_path / SERVER_ADDR_FILENAME).mkdir()
    done = controller("status", "--model-dir", str(tmp_path))
    assert done.exit_code == 2
    assert "can't be read" in done.stderr


def test_a_model_directory_that_tensorflow_cannot_reach_is_no_traceback():
    done = controller("status", "--model-dir", "nowhere://bucket/model")
    assert done.exit_code == 2
    assert "nowhere://bucket/model/controller_server_addr.txt can't be read" in done.stderr


def test_a_stale_address_says_that_the_file_outlives_the_chief(tmp_path):
    # Port 1 is reserved, and nothing listens there.
    (tmp_path / SERVER_ADDR_FILENAME).write_text("localhost:1")
    done = controller("stop", "--model-dir", str(tmp_path))
    assert done.exit_code == 3
    assert "there is no controller at localhost:1" in done.stderr
    assert "the address file outlives it" in done.stderr


def test_a_listener_that_never_answers_is_given_up_after_the_timeout():
    with socket.create_server(("localhost", 0)) as listener:
        addr = net_utils.concat_ip_and_port(*listener.getsockname()[:2])
        done = controller("save", "--addr", addr, "--timeout", "0.2", "--json")
    assert done.exit_code == 4
    assert json.loads(done.stdout)["error"] == f"no answer from {addr} within 0.2 s"


def test_another_grpc_server_is_told_apart():
    server = grpc.server(SYSTEM_CLOCK.handler_pool(1, name="other"))
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        done = controller("status", "--addr", f"localhost:{port}")
    finally:
        server.stop(None).wait()
    assert done.exit_code == 1
    assert f"the server at localhost:{port} has no GetTrainingStatus" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status"], "got neither"),
        (["status", "--addr", "a:1", "--model-dir", "b"], "got both"),
        (["stop", "--addr", "a:1", "--watch", "1"], "expected the action status or blocked"),
        (["halt", "--addr", "a:1"], "'halt' is not one of"),
        (["status", "--addr", "a:1", "--timeout", "0"], "0"),
    ],
)
def test_wrong_usage_is_refused(words, said):
    done = controller(*words)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.replace("│", "").split())


@pytest.mark.parametrize("words", [["--help"], ["status", "--model-dir", "/nowhere"]])
def test_it_starts_without_tensorflow(words):
    code = (
        "import sys\n"
        "from monolith_hooks.controller_cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
