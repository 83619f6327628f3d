"""Ctrl-C in the middle of a play."""

from __future__ import annotations

import signal
from contextlib import suppress

import pytest

from parity.players.python.player import interrupt_afterwards


def interrupted(played, times):
    with interrupt_afterwards():
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        played.append("all of it")


def test_ctrl_c_takes_effect_when_the_play_is_over():
    played = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(played, 1)
    assert played == ["all of it"]


def test_a_second_ctrl_c_takes_effect_at_once():
    played = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(played, 2)
    assert played == []


def test_ctrl_c_may_come_as_soon_as_it_is_put_off(monkeypatch):
    real, played = signal.signal, []

    def pressed_at_once(number, handler):
        before = real(number, handler)
        if not played:
            played.append("begins")
            signal.raise_signal(signal.SIGINT)
        return before

    monkeypatch.setattr(signal, "signal", pressed_at_once)
    with pytest.raises(KeyboardInterrupt):
        interrupted(played, 0)
    assert played == ["begins", "all of it"]


def test_a_keyboard_interrupt_of_the_scenarios_own_is_let_through():
    with pytest.raises(KeyboardInterrupt, match="own"), interrupt_afterwards():
        raise KeyboardInterrupt("its own")


def test_ctrl_c_means_the_same_as_before_when_it_is_over():
    before = signal.getsignal(signal.SIGINT)
    with suppress(KeyboardInterrupt), interrupt_afterwards():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
