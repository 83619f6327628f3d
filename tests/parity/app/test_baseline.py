"""Runs of a small catalogue with scripted sides: its known differences and its channels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from parity.base import project
from parity.report.report import read_report
from parity.verdict.compare import COMPARED_CHANNELS
from parity.verdict.known import KnownDifferences
from tests.parity.samples import PLACED, REPORT, SESSION, STEP

pytestmark = pytest.mark.slow

HERE = project.ROOT / "tests" / "parity"
SCRIPTED = HERE.parent / "drivers" / "scripted.py"
REASON = "the port has no reports yet"

SHOWN, SILENT = [REPORT, PLACED, STEP], [PLACED, STEP]
OTHERWISE = [{**REPORT, "results": []}, PLACED, STEP]
COMPARED = ("reports", "barrier", "steps", "order")


def as_trace(events):
    return {"events": events, "struck": {}}


class Catalogue:
    """Two scenarios, a reference that is always the same, and a peer to be scripted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scenarios = folder / "scenarios"
        self.known = self.scenarios / "known_differences.yaml"
        self.scenario("a", expect="blocked: [0]")
        self.scenario("b", expect="blocked: [0]")
        self.script("reference", a=SHOWN, b=SHOWN)

    def scenario(self, name, expect):
        self.scenarios.mkdir(exist_ok=True)
        text = f"about: a sample\nsteps: [train: 1]\nexpect: {{{expect}}}\n"
        (self.scenarios / f"{name}.yaml").write_text(text)

    def script(self, side, **events):
        script = {
            name: [as_trace(one) for one in each] if isinstance(each[0], list) else as_trace(each)
            for name, each in events.items()
        }
        (self.folder / f"{side}.json").write_text(json.dumps(script))

    def command(self, command, *words, **peer):
        """Run it with this peer; the exit code and what was printed."""
        self.script("peer", **peer)
        sides = []
        for side in ("reference", "peer"):
            driver = f"{sys.executable} {SCRIPTED} {self.folder / side}.json"
            sides += [f"--{side}", driver]
        done = subprocess.run(
            [sys.executable, HERE / "elsewhere.py", self.scenarios, command, *words, *sides,
             "--report", self.folder / "report"],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
        )  # fmt: skip
        assert "Traceback" not in done.stderr + done.stdout, done.stderr + done.stdout
        return done.returncode, done.stdout + done.stderr

    @property
    def listed(self):
        return [entry.known.key for entry in KnownDifferences.load(self.known).entries]

    @property
    def verdicts(self):
        records = read_report(self.folder / "report" / "report.jsonl").records
        return {record.scenario: record.verdict for record in records}

    @property
    def footer(self):
        return read_report(self.folder / "report" / "report.jsonl").footer


@pytest.fixture
def catalogue(tmp_path):
    return Catalogue(tmp_path)


def test_update_lists_what_differs_and_a_run_then_knows_it(catalogue):
    code, out = catalogue.command("baseline", "--update", "--reason", REASON, a=SILENT, b=SHOWN)
    assert code == 0, out
    assert "added: a, reports" in out
    assert catalogue.listed == [("a", "reports")]
    code, out = catalogue.command("run", "scenarios", "-v", a=SILENT, b=SHOWN)
    assert (code, catalogue.verdicts) == (0, {"a": "known", "b": "agree"})
    assert f"known: reports: {REASON}" in out


def test_update_without_a_reason_for_what_is_new_edits_nothing(catalogue):
    code, out = catalogue.command("baseline", "--update", a=SILENT, b=SHOWN)
    assert code == 2
    assert "1 differences aren't listed yet" in out
    assert not catalogue.known.exists()


def test_update_refuses_a_reason_that_is_none(catalogue):
    code, out = catalogue.command("baseline", "--update", "--reason", "todo", a=SILENT, b=SHOWN)
    assert code == 2
    assert "--reason" in out
    assert not catalogue.known.exists()


def test_update_takes_over_a_difference_that_is_another_one_now(catalogue):
    catalogue.command("baseline", "--update", "--reason", REASON, a=SILENT, b=SHOWN)
    assert catalogue.command("run", "scenarios", a=OTHERWISE, b=SHOWN)[0] == 1
    code, out = catalogue.command("baseline", "--update", a=OTHERWISE, b=SHOWN)
    assert code == 0
    assert "changed: a, reports" in out
    assert catalogue.command("run", "scenarios", a=OTHERWISE, b=SHOWN)[0] == 0


def test_prune_removes_what_agrees_now_and_keeps_the_rest(catalogue):
    catalogue.command("baseline", "--update", "--reason", REASON, a=SILENT, b=SILENT)
    code, out = catalogue.command("run", "scenarios", a=SHOWN, b=SILENT)
    assert (code, catalogue.verdicts) == (1, {"a": "stale", "b": "known"})
    assert "scenarios/known_differences.yaml:2: a, reports: the sides agree now" in out
    code, out = catalogue.command("baseline", "--prune", a=SHOWN, b=SILENT)
    assert code == 0
    assert "removed: a, reports" in out
    assert catalogue.listed == [("b", "reports")]


def test_prune_removes_entries_of_scenarios_that_are_gone(catalogue):
    catalogue.command("baseline", "--update", "--reason", REASON, a=SILENT, b=SILENT)
    (catalogue.scenarios / "a.yaml").unlink()
    code, out = catalogue.command("run", "scenarios", b=SILENT)
    assert code == 2
    assert "known_differences.yaml:2:1: scenario: there is no scenario a" in out
    code, out = catalogue.command("baseline", "--prune", b=SILENT)
    assert code == 0
    assert catalogue.listed == [("b", "reports")]


def test_a_run_of_some_scenarios_says_nothing_of_the_entries_of_others(catalogue):
    catalogue.command("baseline", "--update", "--reason", REASON, a=SILENT, b=SILENT)
    assert catalogue.command("run", "scenarios/b.yaml", b=SILENT)[0] == 0
    assert catalogue.command("baseline", "--prune", "scenarios/b.yaml", b=SILENT)[0] == 0
    assert catalogue.listed == [("a", "reports"), ("b", "reports")]


@pytest.mark.parametrize(
    ("peer", "expect", "verdict"),
    [
        ([SILENT, SHOWN], "blocked: [0]", "nondeterministic"),
        (SILENT, "reports: 1", "differs"),
        (SHOWN, "reports: 0", "unexpected"),
    ],
)
def test_what_no_entry_may_hide_is_not_accepted(catalogue, peer, expect, verdict):
    catalogue.scenario("a", expect)
    code, out = catalogue.command("baseline", "--update", "--reason", REASON, a=peer, b=SHOWN)
    assert code == 1
    assert f"left as it is: a: {verdict}" in out
    assert not catalogue.known.exists()


def test_baseline_with_nothing_to_do_is_an_error(catalogue):
    assert catalogue.command("baseline", a=SHOWN, b=SHOWN)[0] == 2


def test_a_channel_that_is_never_compared_in_the_whole_catalogue_is_no_pass(catalogue):
    code, out = catalogue.command("run", a=SHOWN, b=SHOWN)
    never = tuple(name for name in COMPARED_CHANNELS if name not in COMPARED)
    assert (code, catalogue.footer.never_compared) == (3, never)
    assert f"never compared: {', '.join(never)}: no scenario shows anything there" in out
    assert "with --channels" in out


def test_a_channel_in_which_one_side_has_an_event_is_compared(catalogue):
    catalogue.command("run", a=[*SHOWN, SESSION], b=SHOWN)
    assert "session" not in catalogue.footer.never_compared


def test_channels_that_are_named_beforehand_are_enough(catalogue):
    words = ["--channels", ",".join(COMPARED)]
    code, out = catalogue.command("run", *words, a=SHOWN, b=SHOWN)
    assert (code, catalogue.verdicts) == (0, {"a": "partial", "b": "partial"})
    assert catalogue.footer.never_compared == ()
    assert "2 scenarios: 2 partial" in out


def test_a_channel_that_is_left_out_may_differ(catalogue):
    code, _ = catalogue.command("run", "scenarios", "--channels", "steps", a=SILENT, b=SHOWN)
    assert (code, catalogue.verdicts) == (0, {"a": "partial", "b": "partial"})


def test_a_channel_that_there_is_not_is_refused(catalogue):
    code, out = catalogue.command("run", "--channels", "reports,barier", a=SHOWN, b=SHOWN)
    assert code == 2
    assert "got 'barier' (did you mean barrier?)" in out


@pytest.mark.parametrize("some", [["scenarios"], ["-k", "b.yaml"]])
def test_a_run_that_may_be_partial_does_not_ask_for_every_channel(catalogue, some):
    assert catalogue.command("run", *some, a=SHOWN, b=SHOWN)[0] == 0
    assert catalogue.footer.never_compared == ()
