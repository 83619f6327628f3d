"""``--wait`` and ``--through-restarts``, with an operator's clock that passes by itself."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from monolith_hooks.clock import SystemClock
from monolith_hooks.controller_cli import Action, Invocation, app, operate
from monolith_hooks.operating import (
    ClosedSessionError,
    NoAnswerError,
    Operator,
    RefusedError,
    UnreachableError,
)
from monolith_hooks.run_status import Blocked, Status

RUNNING = Blocked(placed=False, blocked=(), free=(1, 2))
STOPPING = Blocked(placed=True, blocked=(1,), free=(2,))
STOPPED = Blocked(placed=True, blocked=(1, 2), free=())


class Clock(SystemClock):
    """Passes when somebody sleeps; ends a watch after so many sleeps."""

    def __init__(self, sleeps=10**6):
        self.seconds, self.left = 0.0, sleeps

    def now_ns(self):
        return round(self.seconds * 10**9)

    def sleep(self, seconds):
        self.seconds += seconds
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.fixture
def answers(monkeypatch):
    """What the controller answers to each look, the last one for ever."""
    given = []

    def look(self):
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Operator, "blocked", look)
    monkeypatch.setattr(Operator, "status", lambda self: Status(1, look(self)))
    monkeypatch.setattr(Operator, "stop", lambda self: None)
    monkeypatch.setattr(Operator, "resume", lambda self: None)
    return given


def asked(action, **options):
    return Invocation(action, None, "localhost:1", 10, options.pop("watch", None), False, **options)


def test_a_stop_waits_until_all_workers_are_held(answers, capsys):
    answers += [RUNNING, STOPPING, STOPPED]
    clock = Clock()
    assert operate(asked(Action.STOP, wait=True), clock) == 0
    assert clock.seconds == pytest.approx(0.2)


def test_a_stop_that_a_worker_does_not_heed_says_which(answers, capsys):
    answers += [STOPPING]
    assert operate(asked(Action.STOP, wait=True), Clock()) == NoAnswerError.exit_code
    assert "stopping still after 10 s; missing: 2" in capsys.readouterr().err


def test_a_resume_waits_until_none_is_held(answers):
    answers += [Blocked(placed=False, blocked=(2,), free=(1,)), RUNNING]
    assert operate(asked(Action.RESUME, wait=True), Clock()) == 0


def test_without_wait_nobody_looks(answers):
    answers += [AssertionError("it looked")]
    assert operate(asked(Action.STOP), Clock()) == 0


GONE = UnreachableError("there is no controller", "Check.", "UNAVAILABLE")


def test_a_watch_ends_with_the_chief_by_default(answers, capsys):
    answers += [RUNNING, GONE]
    assert operate(asked(Action.STATUS, watch=1), Clock()) == UnreachableError.exit_code


def test_a_watch_goes_on_through_a_restart_and_says_once_that_the_chief_is_gone(answers, capsys):
    answers += [RUNNING, GONE, GONE, GONE, STOPPED, GONE, RUNNING]
    with pytest.raises(KeyboardInterrupt):
        operate(asked(Action.STATUS, watch=1, through_restarts=True), Clock(sleeps=6))
    said = capsys.readouterr()
    assert said.err.count("there is no controller") == 2
    assert [line.split()[3] for line in said.out.splitlines()] == [
        "running;",
        "stopped;",
        "running;",
    ]


def test_a_watch_ends_where_it_has_no_right(answers):
    answers += [RUNNING, RefusedError("no", "Check.", "PERMISSION_DENIED")]
    watch = asked(Action.STATUS, watch=1, through_restarts=True)
    assert operate(watch, Clock()) == RefusedError.exit_code


CLOSED = ClosedSessionError("the session is closed", "Try again.", "UNKNOWN")


@pytest.fixture
def addresses(monkeypatch):
    """What the address file holds at each look, the last one for ever."""
    held = ["localhost:1"]
    monkeypatch.setattr(Invocation, "find", lambda _: held.pop(0) if len(held) > 1 else held[0])
    return held


def test_a_stop_that_waits_asks_the_session_that_the_chief_recreates(answers, addresses, capsys):
    answers += [CLOSED, STOPPING, STOPPED]
    addresses += ["localhost:1", "localhost:2"]
    clock = Clock()
    assert operate(asked(Action.STOP, wait=True), clock) == 0
    assert clock.seconds == pytest.approx(0.3)
    assert capsys.readouterr().out.startswith("stopped: ")


def test_a_session_that_nobody_recreates_is_waited_for_until_the_timeout(answers, addresses):
    answers += [CLOSED]
    clock = Clock()
    assert operate(asked(Action.STOP, wait=True), clock) == ClosedSessionError.exit_code
    assert clock.seconds == pytest.approx(10)


def test_without_wait_a_closed_session_is_told_at_once(answers, addresses, capsys):
    answers += [CLOSED]
    addresses += ["localhost:2"]
    clock = Clock()
    assert operate(asked(Action.STATUS), clock) == ClosedSessionError.exit_code
    assert clock.seconds == 0
    assert capsys.readouterr().err == "the session is closed\nTry again.\n"


def test_a_watch_goes_on_through_a_session_that_is_closed(answers):
    answers += [RUNNING, CLOSED, RUNNING]
    with pytest.raises(KeyboardInterrupt):
        operate(asked(Action.STATUS, watch=1, through_restarts=True), Clock(sleeps=2))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["save", "--wait"], "--wait: expected the action stop or resume, got save"),
        (["status", "--through-restarts"], "--through-restarts: expected --watch as well"),
    ],
)
def test_options_that_mean_nothing_are_wrong_usage(words, said):
    done = CliRunner().invoke(app, [*words, "--addr", "localhost:1"])
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())
