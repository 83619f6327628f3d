"""A driver process, and each way in which it can go wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from parity import project
from parity.loading import load_scenario
from parity.players.driver import DriverPlayer
from parity.players.outcome import Failed, Played, Skipped
from parity.problems import PortUnavailableError

DRIVERS = Path(__file__).parents[2] / "drivers"
OOM = load_scenario(project.SCENARIOS / "health" / "oom.yaml", project.SCENARIOS)
BASIC = load_scenario(project.SCENARIOS / "health" / "basic.yaml", project.SCENARIOS)


@pytest.fixture
def driver():
    opened = []

    def open_driver(name, limit=30.0):
        opened.append(DriverPlayer("port", [sys.executable, str(DRIVERS / name)], limit))
        return opened[-1]

    yield open_driver
    for player in opened:
        player.close()


@pytest.mark.parametrize(
    ("name", "failure", "message"),
    [
        ("crashing.py", "crashed", "it exited with status 101 before it answered"),
        ("babbling.py", "garbage", "not JSON (Expecting value): 'DEBUG: playing now'"),
        ("out_of_step.py", "wrong seq", "asked for 2, answered 9"),
        ("declining.py", "refused", "no such machine"),
    ],
)
def test_trouble_is_told_apart_and_the_next_scenario_plays(driver, name, failure, message):
    player = driver(name)
    assert isinstance(player.play(BASIC), Played | Skipped)
    outcome = player.play(OOM)
    assert isinstance(outcome, Failed)
    assert (outcome.failure, outcome.message) == (failure, message)
    assert isinstance(player.play(BASIC), Played | Skipped)


def test_a_driver_that_hangs_is_killed_after_the_limit(driver):
    player = driver("hanging.py", limit=3.0)
    outcome = player.play(OOM)
    assert isinstance(outcome, Failed)
    assert (outcome.failure, outcome.message) == ("hung", "no answer within 3 s")
    assert isinstance(player.play(BASIC), Played)


def test_the_last_words_of_a_crashed_driver_are_kept(driver):
    outcome = driver("crashing.py").play(OOM)
    assert isinstance(outcome, Failed)
    assert outcome.log_tail.splitlines() == [
        "playing health/oom",
        "thread 'main' panicked: index out of bounds",
    ]


def test_what_a_driver_skips_keeps_its_reason(driver):
    assert driver("declining.py").play(BASIC) == Skipped("needs workers")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("{}", "no answer"),
        ('{"type": "leap", "seq": 1}', "no answer"),
        ('{"type": "trace", "seq": 1}', "no answer (trace.events: Field required)"),
        ('{"type": "trace", "seq": 1, "events": 3, "struck": {}}', "no trace: events: "),
        (
            '{"type": "trace", "seq": 1, "events": [{"kind": "step", "ms": 0}], "struck": {}}',
            "no trace: events.0.step.",
        ),
        ('{"type": "bye"}', "it answered play with bye"),
        ("[1]", "no answer"),
    ],
)
def test_an_answer_that_is_not_as_documented_is_garbage(tmp_path, answer, message):
    player = _one_line_driver(tmp_path, f"print({answer!r}, flush=True)")
    outcome = player.play(OOM)
    player.close()
    assert isinstance(outcome, Failed)
    assert outcome.failure == "garbage"
    assert outcome.message.startswith(message)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["/nowhere/driver"], "port: /nowhere/driver can't be run: No such file or directory"),
        ([sys.executable, "-c", "raise SystemExit('no GPU')"], "its last words:\nno GPU"),
        (
            [sys.executable, "-c", 'input(); print(\'{"type": "bye"}\')'],
            "port: hello failed, garbage: it answered hello with bye",
        ),
        (
            [
                sys.executable,
                "-c",
                'input(); print(\'{"type": "hello", "protocol": 2, "implementation": "x",'
                ' "language": "x", "version": "0"}\')',
            ],
            "it speaks protocol 2; 1 would be right",
        ),
    ],
)
def test_what_is_no_driver_is_refused_at_the_start(command, message):
    with pytest.raises(PortUnavailableError) as caught:
        DriverPlayer("port", command, 30.0).start()
    assert message in str(caught.value)


def _one_line_driver(tmp_path, play):
    source = (
        f"import sys; sys.path.insert(0, {str(DRIVERS)!r})\n"
        f"from speaker import speak\nspeak(lambda request: {play})\n"
    )
    (tmp_path / "driver.py").write_text(source)
    return DriverPlayer("port", [sys.executable, str(tmp_path / "driver.py")], 30.0)
