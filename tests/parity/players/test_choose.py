"""From what is written after --peer to a player, and back again."""

from __future__ import annotations

import sys

import pytest

from parity.base import project
from parity.base.problems import PortDoesNotCompileError, PortUnavailableError, UsageError
from parity.players import choose as peers
from parity.players.choose import (
    PlayerSpec,
    choose_player,
    choose_reference,
    choose_sides,
    open_all,
    open_players,
)
from parity.players.recorded import RecordedPlayer
from tests.parity.preloaded import monolith_parity

DRIVERS = project.ROOT / "tests" / "drivers"


def command(name, *words):
    where = " ".join([sys.executable, str(DRIVERS / name), *words])
    return PlayerSpec(kind="command", where=where)


def fail(error):
    def build(*_):
        raise error

    return build


@pytest.mark.parametrize("asked", ["'", '"', "a 'b", 'a "b c', "a \\"])
def test_a_command_whose_quotes_do_not_close_is_refused_in_one_line(asked):
    with pytest.raises(UsageError) as caught:
        choose_player(asked)
    assert str(caught.value).startswith(f"{asked}: expected a driver's command line, got no ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("asked", ["", " ", "''", "'' x", "# x"])
def test_a_command_without_a_program_is_refused(asked):
    if asked == "# x":
        assert choose_player(asked).spec.where == asked  # Not a comment: there may be such one.
    else:
        with pytest.raises(UsageError, match="expected rust, recorded or a driver's command line"):
            choose_player(asked)


def test_recordings_that_stand_in_say_why(monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "build_driver", fail(PortUnavailableError("no crates here")))
    monkeypatch.setattr(project, "RECORDED", tmp_path)
    choice = choose_player(None)
    assert choice.spec == PlayerSpec(kind="recorded", stands_in="no crates here")
    assert choice.note == "recorded traces stand in for the Rust port: no crates here"
    (player,) = open_all([choice.spec], 1)
    assert isinstance(player, RecordedPlayer)
    assert player._stands_in == "no crates here"


@pytest.mark.parametrize("asked", [None, "rust"])
def test_nothing_stands_in_for_a_port_that_does_not_compile(monkeypatch, asked):
    monkeypatch.setattr(peers, "build_driver", fail(PortDoesNotCompileError("no such type")))
    with pytest.raises(PortDoesNotCompileError, match="no such type"):
        choose_player(asked)


def test_if_one_cannot_be_opened_the_others_are_closed(tmp_path):
    log = tmp_path / "log"
    good, bad = command("failing.py", "crash", "never", str(log)), command("nowhere.py")
    with pytest.raises(PortUnavailableError, match="hello failed"):
        open_all([good, bad], 30.0)
    assert log.read_text().splitlines() == ["started", "bye"]


def test_a_bye_that_fails_is_an_error_unless_there_is_another_one():
    bad = command("failing.py", "crash", "bye")
    with (
        pytest.raises(PortUnavailableError, match=r"(?s)bye failed, crashed.*bye failed, crashed"),
        open_players([bad, bad], 30.0),
    ):
        pass
    with pytest.raises(KeyError), open_players([bad, bad], 30.0):
        raise KeyError


@pytest.mark.parametrize(
    "words",
    [
        ["baseline", "--update", "--reason", "long enough it is", "--report", "R", "--peer"],
        ["replay", "health/oom", "--on"],
        ["replay", "scenarios/health/oom.yaml", "--watch", "--on"],
        ["record", "scenarios/health", "--out", "R", "--peer"],
        ["interop", "--report", "R", "--peer"],
        ["fuzz", "--seed", "1", "--report", "R", "--peer"],
        ["explore", "scenarios/health/oom.yaml", "--alone"],
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_opens_a_driver_ends_at_one_that_fails_at_hello(tmp_path, words):
    log = tmp_path / "log"
    peer = command("failing.py", "crash", "hello", str(log)).where
    words = [str(tmp_path / "r") if word == "R" else word for word in words]
    done = monolith_parity(*words, peer)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("hello failed, crashed: it exited with status 7") == 1
    assert done.stderr.endswith("cannot open libport.so\nsee docs/driver-protocol.md\n")
    assert log.read_text().splitlines() == ["started"]
    assert not (tmp_path / "r").exists()


@pytest.fixture
def without_tensorflow(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def test_recordings_stand_in_for_a_reference_that_is_not_installed(without_tensorflow):
    choice = choose_reference(None)
    assert choice.spec.kind == "recorded"
    assert choice.note.startswith(
        "recorded traces stand in for the reference: tensorflow isn't installed; "
        "pip install 'monolith-hooks-parity[reference]' has it"
    )


@pytest.mark.parametrize("asked", ["python", "cluster"])
def test_a_reference_asked_for_by_name_and_not_installed_is_refused(without_tensorflow, asked):
    with pytest.raises(PortUnavailableError, match=f"{asked}: tensorflow isn't installed"):
        choose_reference(asked)


def test_recordings_never_stand_in_for_both_sides(without_tensorflow, monkeypatch):
    monkeypatch.setattr(peers, "build_driver", fail(PortUnavailableError("no crates here")))
    for peer in (None, "recorded"):
        with pytest.raises(PortUnavailableError, match="nothing to compare; name a driver with"):
            choose_sides(None, peer)
