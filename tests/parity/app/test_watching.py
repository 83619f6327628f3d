"""Doing something each time that a file has changed."""

from __future__ import annotations

import pytest

from monolith_hooks.clock import SystemClock
from parity.app.replay import whenever_changed


class Script(SystemClock):
    """Does the next thing instead of sleeping, and ends like Ctrl-C after the last."""

    def __init__(self, *things) -> None:
        self._things = iter(things)

    def sleep(self, seconds: float) -> None:
        thing = next(self._things, None)
        if thing is None:
            raise KeyboardInterrupt
        thing()


def texts_seen(path, *things):
    seen = []
    with pytest.raises(KeyboardInterrupt):
        whenever_changed(path, lambda: seen.append(path.read_text()), Script(*things))
    return seen


def test_it_is_done_at_once_and_after_each_change(tmp_path):
    path = tmp_path / "a"
    path.write_text("one")
    unchanged = lambda: None  # noqa: E731
    assert texts_seen(path, unchanged, lambda: path.write_text("three"), unchanged) == [
        "one",
        "three",
    ]


def test_a_file_that_is_replaced_is_no_change_until_it_is_back(tmp_path):
    path = tmp_path / "a"
    path.write_text("one")
    assert texts_seen(path, path.unlink, lambda: path.write_text("other")) == ["one", "other"]


def test_a_change_while_it_is_being_done_is_not_missed(tmp_path):
    path = tmp_path / "a"
    path.write_text("one")
    seen = []

    def do():
        seen.append(path.read_text())
        if len(seen) == 1:
            path.write_text("second")

    with pytest.raises(KeyboardInterrupt):
        whenever_changed(path, do, Script())
    assert seen == ["one", "second"]
