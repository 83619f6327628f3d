"""A driver process, and each way in which it can go wrong."""

from __future__ import annotations

import json
import os
import sys
import tracemalloc

import pytest

from parity.base import project
from parity.base.problems import PortUnavailableError
from parity.players.driver import player as driver_module
from parity.players.driver import process as driver_process
from parity.players.driver.player import HUNG_IN_A_ROW, WRONG_IN_A_ROW, DriverPlayer
from parity.players.outcome import Failed, Played, Skipped
from parity.spec.loading import ScenarioFile, load_scenario

DRIVERS = project.ROOT / "tests" / "drivers"
OOM = load_scenario(project.SCENARIOS / "health" / "oom.yaml", project.SCENARIOS)
BASIC = load_scenario(project.SCENARIOS / "health" / "basic.yaml", project.SCENARIOS)
HELLO = json.dumps(
    {"type": "hello", "protocol": 1, "implementation": "x", "language": "x", "version": "0"}
)
LARGE = ScenarioFile("large", OOM.path, OOM.scenario.model_copy(update={"about": "x" * 10_000_000}))


@pytest.fixture
def driver():
    opened = []

    def open_driver(name, limit=30.0, **options):
        command = [sys.executable, str(DRIVERS / name)]
        opened.append(DriverPlayer("port", command, limit, **options))
        return opened[-1]

    yield open_driver
    for player in opened:
        player.close()


def test_what_it_logs_while_it_plays_is_kept_with_the_trace(driver):
    player = driver("crashing.py")
    for file in (BASIC, BASIC):
        outcome = player.play(file)
        assert isinstance(outcome, Played)
        assert outcome.log == "playing health/basic"


def test_of_a_long_log_of_what_was_played_the_end_is_kept(tmp_path):
    trace = json.dumps({"type": "trace", "seq": 1, "events": [], "struck": {}})
    code = "[print(i, 'x' * 1000, file=sys.stderr) for i in range(30)]"
    player = _one_line_driver(tmp_path, f"{code} and print({trace!r}, flush=True)")
    try:
        outcome = player.play(OOM)
    finally:
        player.close()
    assert isinstance(outcome, Played)
    assert outcome.log.startswith("...x")
    assert outcome.log.endswith("x" * 1000)
    assert 4000 < len(outcome.log) < 4200


@pytest.mark.parametrize(
    ("name", "failure", "message"),
    [
        ("crashing.py", "crashed", "it exited with status 101 before it answered"),
        ("babbling.py", "garbage", "not JSON: expecting value (column 1): 'DEBUG: playing now'"),
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
        ('{"type": "trace", "seq": 1}', "no answer (events: this key is missing; "),
        ('{"type": "trace", "seq": 1, "events": 3, "struck": {}}', "no trace: events: "),
        (
            '{"type": "trace", "seq": 1, "events": [{"kind": "step", "ms": 0}], "struck": {}}',
            "no trace: events[0].lane: this key is missing; ",
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
            "protocol: expected 1, got 2",
        ),
    ],
)
def test_what_is_no_driver_is_refused_at_the_start(command, message):
    with pytest.raises(PortUnavailableError) as caught:
        DriverPlayer("port", command, 30.0).start()
    assert message in str(caught.value)


@pytest.fixture
def shell():
    """A driver in sh, which starts quicker than Python: reads hello, answers, and does ``play``."""
    opened = []

    def open_driver(play, limit=30.0, **options):
        script = f"read line; echo '{HELLO}'; {play}"
        opened.append(DriverPlayer("port", ["sh", "-c", script], limit, **options))
        return opened[-1]

    yield open_driver
    for player in opened:
        player.close()


@pytest.fixture
def failing(tmp_path):
    """Opens drivers/failing.py, which writes ``log``."""
    opened = []

    def open_driver(way, when="play", limit=30.0, **options):
        command = [
            sys.executable,
            str(DRIVERS / "failing.py"),
            way,
            when,
            str(tmp_path / "log"),
        ]
        opened.append(DriverPlayer("port", command, limit, **options))
        return opened[-1]

    yield open_driver
    for player in opened:
        player.close()


def starts(tmp_path):
    return (tmp_path / "log").read_text().splitlines().count("started")


def test_one_that_exits_while_its_child_holds_its_stdout_has_crashed_at_once(failing):
    outcome = failing("leave_a_child", limit=100.0).play(OOM)
    assert outcome == Failed("crashed", "it exited with status 7 before it answered")


@pytest.mark.parametrize(
    ("way", "failure", "message"),
    [
        ("die_of_a_signal", "crashed", "it was killed by SIGKILL before it answered"),
        ("stop_writing", "crashed", "it closed its stdout before it answered"),
        ("stop_reading", "hung", "no answer within 3 s"),
        ("flood_the_log", "hung", "no answer within 3 s"),
    ],
)
def test_each_way_to_give_no_answer_is_told(failing, way, failure, message):
    outcome = failing(way, limit=3.0).play(OOM)
    assert (outcome.failure, outcome.message) == (failure, message)


def test_a_real_time_signal_has_a_number(tmp_path):
    outcome = _one_line_driver(
        tmp_path, "__import__('os').kill(__import__('os').getpid(), 40)"
    ).play(OOM)
    assert outcome.message == "it was killed by signal 40 before it answered"


def test_a_line_without_an_end_is_shown_by_its_beginning(shell):
    outcome = shell("read line; printf '{\"type\": '; sleep 600", limit=1.0).play(OOM)
    assert (outcome.failure, outcome.message) == (
        "hung",
        "no answer within 1 s, only a line without an end: '{\"type\": '",
    )


def test_an_answer_that_is_whole_counts_though_its_driver_is_dead(tmp_path):
    """It is more than a pipe holds, so that it can't be written unless somebody reads."""
    answer = "say({'type': 'skipped', 'seq': request['seq'], 'reason': 'x' * 300_000})"
    player = _one_line_driver(tmp_path, f"({answer}, __import__('os')._exit(1))")
    assert isinstance(player.play(OOM), Skipped)
    assert player.play(OOM) == Failed("crashed", "it exited with status 1 before it answered")


def test_a_line_that_does_not_end_is_refused_at_the_limit_with_little_memory(failing, monkeypatch):
    monkeypatch.setattr(driver_module, "ANSWER_BYTES", 1_000_000)
    tracemalloc.start()
    outcome = failing("print_without_end").play(OOM)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert outcome.failure == "garbage"
    assert outcome.message.startswith("a line that is longer than 1000000 bytes: 'xxxxxxxx")
    assert len(outcome.message) < 400
    assert peak < 6_000_000


def test_the_longest_answer_is_one_byte_shorter_than_the_first_that_is_refused(
    tmp_path, monkeypatch
):
    answer = {"type": "skipped", "seq": 1, "reason": "x" * 5000}
    length = len(json.dumps(answer))
    for limit, failure in ((length, None), (length - 1, "garbage")):
        monkeypatch.setattr(driver_module, "ANSWER_BYTES", limit)
        player = _one_line_driver(tmp_path, f"say({answer})")
        assert getattr(player.play(OOM), "failure", None) == failure
        player.close()


def test_a_driver_that_floods_is_blocked_by_its_pipe_and_fails_when_it_is_asked_next(failing):
    player = failing("flood")
    assert isinstance(player.play(OOM), Played)
    tracemalloc.start()
    outcome = player.play(BASIC)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert outcome.failure == "wrong seq"
    assert "answered 1" in outcome.message
    assert peak < 3_000_000


def test_what_is_printed_beside_an_answer_is_garbage_of_the_next_play(tmp_path):
    skipped = "say({'type': 'skipped', 'seq': request['seq'], 'reason': 'no'})"
    lines = f"sys.stdin.read(0) or {skipped} or print('done', flush=True)"
    player = _one_line_driver(tmp_path, lines)
    player.play(OOM)
    outcome = player.play(OOM)
    player.close()
    assert outcome.failure == "garbage"
    assert outcome.message.endswith(": 'done\\n'") or outcome.message.endswith(": 'done'")


def test_a_large_request_that_is_not_read_is_given_up_after_the_limit(shell):
    outcome = shell("sleep 600", limit=1.0).play(LARGE)
    assert outcome == Failed("hung", "it didn't read what it was asked within 1 s")


def test_an_answer_to_what_was_not_read_yet_is_garbage(shell):
    outcome = shell("head -c 1 > /dev/null; echo '{}'; sleep 600").play(LARGE)
    assert (outcome.failure, outcome.message) == (
        "garbage",
        "it answered before it had read what it was asked: '{}'",
    )


def test_lines_end_at_a_newline_alone(tmp_path):
    reason = "one\\u2028two\\x85three\\rfour"
    answer = f'print(\'{{"type": "skipped", "seq": 1, "reason": "{reason}"}}\', flush=True)'
    source = answer.replace("\\r", "\\\\r")  # JSON's own escape: JSON has no raw one.
    player = _one_line_driver(tmp_path, source)
    outcome = player.play(OOM)
    player.close()
    assert outcome == Skipped("one\\u2028two\\x85three\\rfour")


def test_what_a_driver_says_cannot_steer_a_terminal(tmp_path):
    log = "print('\\x1b]0;title\\x07', '\\x9b31m', file=sys.stderr, flush=True)"
    failed = "{'type': 'failed', 'seq': request['seq'], 'message': 'no \\x1b[2J'}"
    say = f"__import__('speaker').say({failed})"
    player = _one_line_driver(tmp_path, f"{log} or {say}")
    outcome = player.play(OOM)
    player.close()
    assert outcome.message == "no \\x1b[2J"
    assert outcome.log_tail in ("\\x1b]0;title\\x07 \\x9b31m", "")  # Its log may come later.


def test_a_log_without_newlines_is_kept_as_far_as_it_matters(failing):
    outcome = failing("flood_the_log", limit=2.0).play(OOM)
    assert outcome.log_tail.startswith("...xxx")
    assert len(outcome.log_tail) < 20_000


def test_a_driver_that_fails_at_hello_is_not_started_again(failing, tmp_path):
    player = failing("crash", "hello")
    for _ in range(3):
        with pytest.raises(
            PortUnavailableError, match="hello failed, crashed: it exited with stat"
        ):
            player.play(OOM)
    assert starts(tmp_path) == 1


def test_a_driver_that_fails_when_it_is_started_again_is_given_up(failing, tmp_path):
    player = failing("crash", "again")
    assert player.play(OOM).failure == "crashed"
    for _ in range(3):
        with pytest.raises(PortUnavailableError) as caught:
            player.play(OOM)
        assert str(caught.value).startswith(
            "port: started again after it went wrong (crashed), hello failed, crashed: it exited"
        )
    assert starts(tmp_path) == 2


def test_a_driver_that_can_be_run_no_longer_is_given_up(tmp_path):
    program = tmp_path / "driver"
    program.write_text(f"#!{sys.executable}\n" + (DRIVERS / "failing.py").read_text())
    program.chmod(0o755)
    os.symlink(DRIVERS / "speaker.py", tmp_path / "speaker.py")
    player = DriverPlayer("port", [str(program), "crash"])
    assert player.play(OOM).failure == "crashed"
    program.unlink()
    with pytest.raises(PortUnavailableError, match=r"\(crashed\), .*/driver can't be run: No such"):
        player.play(OOM)


@pytest.mark.parametrize(
    ("play", "times", "limit"),
    [("sleep 600", HUNG_IN_A_ROW, 1.0), ("echo DEBUG", WRONG_IN_A_ROW, 30.0)],
)
def test_a_driver_that_goes_wrong_too_often_in_a_row_is_given_up(shell, play, times, limit):
    player = shell(play, limit, gives_up=True)
    for _ in range(times):
        assert player.given_up == ""
        assert isinstance(player.play(OOM), Failed)
    for _ in range(2):
        with pytest.raises(PortUnavailableError) as caught:
            player.play(OOM)
        assert str(caught.value).startswith(
            f"port: given up, as it went wrong {times} times in a row, at last "
        )
        assert player._process is None


def test_one_that_is_asked_the_same_over_and_over_is_not_given_up(failing, tmp_path):
    player = failing("babble")
    for _ in range(WRONG_IN_A_ROW + 2):
        assert player.play(OOM).failure == "garbage"


def test_a_good_answer_between_starts_the_count_again(driver):
    player = driver("babbling.py", gives_up=True)
    for _ in range(WRONG_IN_A_ROW // 2 + 1):
        assert player.play(OOM).failure == "garbage"
        assert isinstance(player.play(BASIC), Played)
        assert player.play(OOM).failure == "garbage"
        assert isinstance(player.play(BASIC), Played)
    assert player.given_up == ""


def test_a_bye_that_goes_well_says_nothing(driver):
    player = driver("declining.py")
    player.play(BASIC)
    assert player.close() is None
    assert player.close() is None


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("crash", "crashed: it exited with status 7 before it answered"),
        ("hang", "hung: no answer within 1 s"),
        ("babble", "garbage: not JSON: expecting value (column 1): 'DEBUG: playing now'"),
        ("flood", "hung: it answered bye and didn't end within 1 s"),
    ],
)
def test_a_bye_that_fails_is_told(failing, monkeypatch, way, message):
    monkeypatch.setattr(driver_process, "BYE_SECONDS", 1.0)
    player = failing(way, "bye")
    player.play(OOM)
    said = player.close()
    assert said.startswith(f"port: bye failed, {message}")
    assert ("its last words:\ncannot open libport.so" in said) == (way == "crash")


def test_an_exit_status_after_bye_is_told(tmp_path):
    player = _one_line_driver(
        tmp_path, "say({'type': 'skipped', 'seq': request['seq'], 'reason': 'no'})"
    )
    (tmp_path / "driver.py").write_text((tmp_path / "driver.py").read_text() + "sys.exit(3)\n")
    player.play(OOM)
    assert player.close() == "port: bye failed, crashed: it exited with status 3 after bye"


def test_a_driver_that_died_between_plays_is_told_at_bye(tmp_path):
    skipped = "say({'type': 'skipped', 'seq': request['seq'], 'reason': 'no'})"
    player = _one_line_driver(tmp_path, f"({skipped}, sys.exit(4))")
    player.play(OOM)
    assert player.close() == "port: bye failed, crashed: it exited with status 4 before it answered"


def test_a_play_that_is_interrupted_ends_the_driver_whose_answer_would_come_too_late(
    driver, monkeypatch
):
    player = driver("declining.py")
    player.start()
    process = player._process

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "ask", interrupt)
    with pytest.raises(KeyboardInterrupt):
        player.play(BASIC)
    assert player.close() is None
    assert player.play(BASIC) == Skipped("needs workers")


def _one_line_driver(tmp_path, play):
    source = (
        f"import sys; sys.path.insert(0, {str(DRIVERS)!r})\n"
        f"from speaker import say, speak\nspeak(lambda request: {play})\n"
    )
    (tmp_path / "driver.py").write_text(source)
    return DriverPlayer("port", [sys.executable, str(tmp_path / "driver.py")], 30.0)
