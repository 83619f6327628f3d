"""The recorder that ports in Python and the reference share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fakes.lane import LaneLeftError
from fakes.virtual_clock import VirtualClock
from parity.kit.recorder import Recorder
from parity.kit.state_files import StateFiles
from parity.spec.trace import SessionEvent


def kinds(recorder):
    return [event.kind for event in recorder.events]


def test_the_barrier_is_looked_at_before_each_event_while_a_session_is_open(tmp_path):
    clock, blocked = VirtualClock(), []
    recorder = Recorder(clock, tmp_path)

    def main():
        recorder.record(SessionEvent, state="created")
        blocked.append(0)
        recorder.record(SessionEvent, state="created")
        recorder.open(lambda: blocked)
        recorder.record(SessionEvent, state="created")
        blocked.append(1)
        recorder.close()
        blocked.append(2)
        recorder.record(SessionEvent, state="closed")

    clock.run(main)
    assert kinds(recorder) == ["session", "session", "barrier", "session", "barrier", "session"]
    assert [event.blocked for event in recorder.events if event.kind == "barrier"] == [(0,), (0, 1)]


def test_a_look_that_has_no_session_is_no_change(tmp_path):
    clock = VirtualClock()
    recorder = Recorder(clock, tmp_path)
    looks = iter([(0,), None, (0,)])
    recorder.open(lambda: next(looks))
    for _ in range(3):
        recorder.look()
    assert kinds(recorder) == ["barrier"]


def test_state_files_are_looked_at_until_they_are_let_go(tmp_path):
    recorder = Recorder(VirtualClock(), tmp_path, StateFiles(tmp_path))
    (tmp_path / "checkpoint").write_text("")
    recorder.look()
    recorder.let_files_go()
    (tmp_path / "checkpoint").write_text("changed")
    recorder.look()
    assert kinds(recorder) == ["state_file"]


def test_a_message_is_without_the_path_of_the_run(tmp_path):
    recorder = Recorder(VirtualClock(), tmp_path)
    recorder.raised(ValueError(f"{tmp_path}/checkpoint"))
    assert recorder.events[0].message == "<model_dir>/checkpoint"
    own = Recorder(VirtualClock(), tmp_path, message_of=lambda error: error.args[1])
    own.raised(ValueError("one", "two"))
    assert own.events[0].message == "two"


def test_threads_are_recorded_by_how_they_end_or_that_they_are_left(tmp_path):
    clock = VirtualClock()
    recorder = Recorder(clock, tmp_path)

    def dies():
        raise ValueError

    def main():
        clock.start_thread(lambda: None, name="good")
        clock.start_thread(dies, name="bad")
        clock.start_thread(lambda: clock.wait_until(lambda: False), name="waiting")
        clock.settle()
        recorder.threads_left()

    clock.run(main)
    ends = [(event.thread, event.fate, event.error) for event in recorder.events]
    assert ends == [("good", "returned", None), ("bad", "died", "ValueError"),
                    ("waiting", "left", None)]  # fmt: skip


def test_nothing_is_recorded_after_the_run(tmp_path):
    clock = VirtualClock()
    recorder = Recorder(clock, tmp_path)
    clock.run(lambda: None)
    with pytest.raises(LaneLeftError):
        recorder.record(SessionEvent, state="created")


def test_a_thread_that_is_about_to_end_is_not_left_too(tmp_path):
    """In real time a thread's end is recorded a moment before it has ended."""
    thread = SimpleNamespace(label="brief", ended=False, error=None)
    clock = SimpleNamespace(threads=[thread], milliseconds=0, label="brief", is_over=False)
    recorder = Recorder(clock, tmp_path)
    clock.on_thread_end(thread)
    recorder.threads_left()
    assert [event.fate for event in recorder.events] == ["returned"]
