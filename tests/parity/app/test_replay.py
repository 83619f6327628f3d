"""``monolith-parity replay``: a scenario on python, and beside what another port gave."""

from __future__ import annotations

import json
import shlex
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from monolith_hooks.clock import SystemClock
from parity.app.replay import ReplayOptions, replay
from parity.base import project
from parity.base.problems import OutputError, UsageError

SCENARIO = """\
about: A sample.
steps: [{train: 1}]
expect: {global_step: 1}
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO)
    return path


def replayed(path, clock=None, ask=None, **options):
    out = StringIO()
    console = Console(file=out, width=200)
    code = replay(ReplayOptions(Path(path), **options), console, clock or SystemClock(), ask)
    return code, out.getvalue()


def peer(path, change):
    """What somebody's port gave: python's own trace, changed."""
    folder = path.parent / "theirs"
    folder.mkdir()
    replayed(path, out=folder / "mine.json")
    document = json.loads((folder / "mine.json").read_text())
    change(document["events"])
    (folder / "mine.json").write_text(json.dumps(document))
    return f"recorded:{folder}"


def test_replay_shows_each_event(path):
    code, out = replayed(path)
    assert code == 0
    assert "    0.000 s  main             step         worker=0 global_step=1\n" in out


def test_a_broken_expectation_is_said_and_exits_with_1(path):
    path.write_text(SCENARIO.replace("global_step: 1", "global_step: 7"))
    code, out = replayed(path)
    assert code == 1
    assert "broken: expect.global_step: expected 7, got 1" in out


def test_both_sides_that_are_equal(path):
    code, out = replayed(path, both=True, on=peer(path, lambda events: None))
    assert code == 0
    assert out.splitlines()[-1].startswith("equal: ")


def test_both_sides_that_differ_show_where(path):
    def train_further(events):
        next(event for event in events if event["kind"] == "step")["global_step"] = 2

    code, out = replayed(path, both=True, on=peer(path, train_further))
    assert code == 1
    marked = [line for line in out.splitlines() if line.startswith("≠")]
    assert len(marked) == 1
    assert "global_step=" in marked[0]
    assert "steps: first difference at 0 ms on lane main: reference {" in out
    line = path.read_text().splitlines().index("steps: [{train: 1}]") + 1
    assert f"    in {path}:{line}, steps[0]\n" in out
    assert "broken by recorded:" in out


def test_a_side_that_has_no_trace_is_said(path):
    (path.parent / "none").mkdir()
    code, out = replayed(path, both=True, on=f"recorded:{path.parent / 'none'}")
    assert code == 3
    assert "missing: there is no" in out


def test_watching_plays_again_when_the_file_changes_and_says_what_is_wrong_with_it(path):
    class Editor(SystemClock):
        edits = iter(["about: 3\n", SCENARIO.replace("train: 1", "train: 2"), None])

        def sleep(self, seconds):
            text = next(self.edits)
            if text is None:
                raise KeyboardInterrupt
            path.write_text(text)

    code, out = replayed(path, Editor(), watch=True)
    assert code == 130
    plays = out.split(f"waiting for {path} to change; Ctrl-C ends\n")
    assert "global_step=1" in plays[0]
    assert "mine.yaml:1:1: about: expected text, got 3" in plays[1]
    assert "global_step=2" in plays[2]


def test_a_trace_of_both_cannot_be_written(path, tmp_path):
    with pytest.raises(UsageError, match="a trace is one side's"):
        replayed(path, both=True, out=tmp_path / "x.json")


def test_the_reference_may_be_another_one_than_python(path):
    folder = peer(path, lambda events: None)
    code, out = replayed(path, both=True, reference=folder, on="python")
    assert code == 0
    assert out.splitlines()[-1].startswith("equal: ")


def test_a_reference_is_one_of_two_sides(path):
    with pytest.raises(UsageError, match="--reference: expected with --both, got it alone"):
        replayed(path, reference="python")


def summary(path, text):
    folder = path.parent / "summaries"
    folder.mkdir()
    (folder / "mine.json").write_text(f'{{"summary": {text}}}')
    return f"recorded:{folder}"


@pytest.mark.parametrize(
    ("text", "code", "last"),
    [
        ('{"global_step": 1}', 0, "equal: global_step"),
        ('{"global_step": 1, "reports": 7}', 1, "reports: python has 0, recorded:"),
        ("{}", 3, "nothing was compared"),
    ],
)
def test_a_summary_is_compared_as_far_as_it_goes(path, text, code, last):
    got, out = replayed(path, both=True, on=summary(path, text))
    assert got == code
    assert out.splitlines()[-1].startswith(last)


def test_a_side_that_skips_leaves_nothing_compared(path):
    folder = peer(path, lambda events: None)
    code, out = replayed(path, both=True, on=folder, seed=1)
    assert code == 3
    assert "recordings are of the default order" in out
    assert out.splitlines()[-1] == "nothing was compared"


@pytest.mark.parametrize("name", ["health", "scenarios/health", "scenarios"])
def test_a_folder_of_scenarios_is_none_that_can_be_replayed(name):
    with pytest.raises(UsageError, match=f"{name}: expected one scenario file, got a folder"):
        replayed(name)


def test_where_the_trace_cannot_be_written_nothing_is_played(path, tmp_path):
    with pytest.raises(UsageError, match="expected a file, or a name for one, got a folder"):
        replayed(path, out=tmp_path)


def test_watching_ends_when_nobody_reads_any_more(path, monkeypatch):
    def gone():
        raise OutputError("standard output: can't be written: Broken pipe")

    monkeypatch.setattr("parity.app.replay.check_standard_output", gone)
    with pytest.raises(OutputError):
        replayed(path, watch=True)


def partial_port(**says):
    """A port that has only some channels, as it says in its hello."""
    driver = project.ROOT / "tests" / "drivers" / "partial.py"
    return shlex.join([sys.executable, str(driver), json.dumps(says)])


@pytest.mark.slow
def test_a_port_is_compared_by_the_channels_that_it_has():
    port = partial_port(channels=["reports", "barrier", "session"])
    code, out = replayed("health/oom", on=port, both=True)
    assert code == 0, out
    assert "≠" not in out
    assert "neither shown nor compared: rpc, saves, steps" in out
