"""Doing something each time that a file has changed."""

from __future__ import annotations

import io

import pytest

from monolith_hooks.clock import SystemClock
from parity.app import watching
from parity.app.watching import driver_files, watch_run, whenever_changed


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
        whenever_changed(lambda: [path], lambda: seen.append(path.read_text()), Script(*things))
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
        whenever_changed(lambda: [path], do, Script())
    assert seen == ["one", "second"]


def test_any_of_several_files_counts_and_so_does_a_new_one(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("one")
    done = []
    changes = (lambda: second.write_text("two"), lambda: first.write_text("three"))
    with pytest.raises(KeyboardInterrupt):
        whenever_changed(
            lambda: tmp_path.glob("*.yaml"),
            lambda: done.append(sorted(path.name for path in tmp_path.iterdir())),
            Script(*changes),
        )
    assert done == [["a.yaml"], ["a.yaml", "b.yaml"], ["a.yaml", "b.yaml"]]


SCENARIO = """
about: One step.
steps: [train: 1]
expect: {reports: 0}
"""


def test_a_run_is_run_again_when_its_scenario_or_its_driver_changes(tmp_path, monkeypatch):
    scenario, driver, beside = (tmp_path / name for name in ("a.yaml", "port.py", "more.py"))
    scenario.write_text(SCENARIO)
    driver.touch()
    beside.touch()
    ran = []
    monkeypatch.setattr(watching.subprocess, "run", lambda command, check: ran.append(command[1:]))
    changes = (
        lambda: scenario.write_text(SCENARIO + " "),
        lambda: None,
        lambda: driver.write_text("1"),
        lambda: beside.write_text("1"),
    )
    out = io.StringIO()
    code = watch_run(
        ["run", str(scenario)], [scenario], (f"python {driver}", None), out, Script(*changes)
    )
    assert code == 130
    assert ran == [["-m", "parity", "run", str(scenario)]] * 4
    assert out.getvalue() == "waiting for a change; Ctrl-C ends\n" * 4


def test_a_command_line_that_has_no_words_is_left_to_the_run():
    assert list(driver_files("python 'port.py")) == []


def test_a_program_without_an_ending_is_watched_alone(tmp_path):
    program = tmp_path / "port"
    program.touch()
    (tmp_path / "other").touch()
    assert list(driver_files(f"{program} --flag")) == [program]
