"""``monolith-parity run``, as a user sees it: whole runs with drivers that misbehave."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from parity.base import project
from parity.report.report import read_report
from parity.spec.trace import event_text
from tests.parity.preloaded import monolith_parity

pytestmark = pytest.mark.slow

DRIVERS = project.ROOT / "tests" / "drivers"
FEW = ["health/oom", "health/basic", "barrier/stop_and_resume"]


class Run:
    """A finished command: its exit code, what it printed, and its report."""

    def __init__(self, folder: Path, *words: str, env=None) -> None:
        done = monolith_parity("run", "-v", "--report", folder, *words, env=env)
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.folder = folder

    @property
    def report(self):
        return read_report(self.folder / "report.jsonl")

    @property
    def verdicts(self):
        return {record.scenario: record.verdict for record in self.report.records}


def files(names=FEW):
    return [f"scenarios/{name}.yaml" for name in names]


def driver(name, *args):
    return " ".join([sys.executable, str(DRIVERS / name), *args])


@pytest.mark.parametrize(
    ("bug", "scenario", "channel", "event"),
    [
        ("report_twice", "health/oom", "reports", '"kind":"report"'),
        ("release_early", "barrier/stop_and_resume", "barrier", '"kind":"barrier"'),
        ("stop_is_always_ok", "health/oom", "rpc", '"code":"OK"'),
        ("request_stop", "health/oom", "threads", '"fate":"returned"'),
    ],
)
def test_a_planted_bug_ends_the_run_with_1_and_is_named(tmp_path, bug, scenario, channel, event):
    run = Run(tmp_path, *files(), "--peer", driver("buggy.py", bug))
    assert run.code == 1
    (record,) = [each for each in run.report.records if each.scenario == scenario]
    assert record.verdict == "differs"
    (difference,) = [each for each in record.differences if each.channel == channel]
    assert event in event_text(difference.peer)
    assert f"{channel}: first difference at" in run.out
    assert f"replay: {record.replay}" in run.out
    assert record.replay.startswith(f"monolith-parity replay {scenario} --both --on ")


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("crashing.py", "the peer, crashed: it exited with status 101"),
        ("hanging.py", "the peer, hung: no answer within 3 s"),
        ("babbling.py", "the peer, garbage: not JSON"),
        ("out_of_step.py", "the peer, wrong seq: asked for "),
    ],
)
def test_a_driver_that_goes_wrong_fails_that_scenario_only_and_the_run_with_3(
    tmp_path, name, failure
):
    limit = ["--limit", "3"] if name == "hanging.py" else []
    run = Run(tmp_path, *files(), "--peer", driver(name), *limit)
    assert run.code == 3
    assert run.verdicts == {
        "health/oom": "failed",
        "health/basic": "agree",
        "barrier/stop_and_resume": "agree",
    }
    (record,) = [each for each in run.report.records if each.verdict == "failed"]
    assert record.reasons[0].startswith(failure)
    assert "playing health/oom" in record.log_tail
    assert "the last lines of its log" in run.out


def starts(log):
    return log.read_text().splitlines().count("started")


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_driver_that_fails_at_hello_ends_the_run_with_one_message_before_anything_is_played(
    tmp_path, processes
):
    (tmp_path / "report.jsonl").write_text("an earlier one")
    log = tmp_path / "log"
    peer = driver("failing.py", "crash", "hello", str(log))
    run = Run(tmp_path, "--peer", peer, "-n", processes)
    assert (run.code, run.out) == (3, "")
    assert run.err == (
        f"{peer}: hello failed, crashed: it exited with status 7 before it answered\n"
        "its last words:\ncannot open libport.so\nsee docs/driver-protocol.md\n"
    )
    assert starts(log) == 1
    assert (tmp_path / "report.jsonl").read_text() == "an earlier one"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_driver_that_cannot_be_started_again_ends_the_run_and_the_rest_is_not_run(
    tmp_path, processes
):
    log = tmp_path / "log"
    peer = driver("failing.py", "crash", "again", str(log))
    words = ["--peer", peer, "--reference", "recorded", "-n", str(processes)]
    run = Run(tmp_path, "scenarios/health", *words)
    assert run.code == 3
    assert run.err.startswith(f"{peer}: ")
    assert run.err.count("hello failed, crashed: it exited with status 7") == 1
    verdicts = list(run.verdicts.values())
    assert verdicts.count("failed") <= processes
    assert set(verdicts) <= {"failed", "not run"}
    assert starts(log) <= (processes > 1) + 2 * processes  # One to greet it, if others play.
    assert run.report.footer.exit_code == 3
    assert len(run.report.footer.notes) == 1
    first = run.report.footer.notes[0].partition("\n")[0]
    assert {each.reasons for each in run.report.records if each.verdict == "not run"} == {(first,)}


@pytest.mark.parametrize("processes", [1, 2])
def test_a_driver_that_goes_wrong_in_every_scenario_is_given_up(tmp_path, processes):
    log = tmp_path / "log"
    peer = driver("failing.py", "babble", "play", str(log))
    names = ["scenarios/health", "scenarios/barrier", "scenarios/controller"]
    run = Run(tmp_path, *names, "--peer", peer, "--reference", "recorded", "-n", str(processes))
    assert run.code == 3
    assert run.err.startswith(f"{peer}: given up, as it went wrong 10 times in a row, at last garb")
    verdicts = list(run.verdicts.values())
    assert 10 <= verdicts.count("failed") <= 10 * processes
    assert verdicts.count("not run") == len(verdicts) - verdicts.count("failed") > 0
    assert starts(log) <= (processes > 1) + 10 * processes


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_bye_that_fails_is_told_and_exits_3_though_all_agree(tmp_path, processes):
    peer = driver("failing.py", "crash", "bye")
    words = ["--peer", peer, "--reference", "recorded", "-n", processes]
    run = Run(tmp_path, *files(), *words)
    assert run.code == 3
    assert set(run.verdicts.values()) == {"agree"}
    assert run.err == (
        f"{peer}: bye failed, crashed: it exited with status 7 before it answered\n"
        "its last words:\ncannot open libport.so\n"
    )
    assert run.report.footer.notes == (run.err.rstrip("\n"),)
    assert run.report.footer.exit_code == 3


def test_the_report_itself_is_all_that_json_prints_on_stdout(tmp_path):
    peer = driver("failing.py", "crash", "bye")
    run = Run(tmp_path, *files(FEW[:1]), "--peer", peer, "--reference", "recorded", "--json")
    assert run.code == 3
    assert run.out == (tmp_path / "report.jsonl").read_text()
    assert "bye failed" in run.err


def test_a_port_that_does_not_compile_is_not_stood_in_for(tmp_path):
    span = {"file_name": "src/x.rs", "line_start": 3, "column_start": 5, "is_primary": True}
    message = {
        "reason": "compiler-message",
        "package_id": "path+file:///x#0.1.0",
        "message": {
            "level": "error",
            "message": "mismatched types",
            "rendered": "error[E0308]: mismatched types",
            "spans": [span],
        },
    }
    (tmp_path / "cargo").write_text(f"#!/bin/sh\necho '{json.dumps(message)}'\nexit 101\n")
    (tmp_path / "cargo").chmod(0o755)
    run = Run(tmp_path / "report", *files(), env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert (run.code, run.out) == (3, "")
    assert run.err.startswith("monolith-rs/src/x.rs:3:5: error[E0308]: mismatched types\n")
    assert not run.folder.exists()


def test_skipped_scenarios_are_named_and_counted(tmp_path):
    run = Run(tmp_path, *files(FEW[1:]), "--peer", driver("declining.py"))
    assert run.code == 0
    assert run.verdicts["health/basic"] == "skipped"
    assert "the peer skipped it: needs workers" in run.out
    assert "2 scenarios: 1 skipped, 1 agree" in run.out


def test_a_run_in_which_everything_was_skipped_is_no_pass(tmp_path):
    run = Run(tmp_path, *files(), "--peer", driver("skipping.py"))
    assert run.code == 3
    assert run.report.footer.skips == {"the peer skipped it: needs a barrier": 3}
    assert "skipped, 3: the peer skipped it: needs a barrier" in run.out
    assert "nothing was compared: no scenario was played by both sides" in run.out
    assert "3 scenarios: 3 skipped" in run.out
    assert "This run is no pass" in (tmp_path / "index.html").read_text()
    assert "this run is no pass" in (tmp_path / "summary.md").read_text()
    assert "parity: nothing was compared" in (tmp_path / "badge.svg").read_text()


def test_a_summary_without_what_a_scenario_is_about_is_partial(tmp_path):
    theirs = tmp_path / "theirs" / "controller"
    theirs.mkdir(parents=True)
    (theirs / "stop_twice.json").write_text('{"summary": {"reports": 0}}')
    run = Run(
        tmp_path / "report",
        "scenarios/controller/stop_twice.yaml",
        "--peer",
        f"recorded:{tmp_path / 'theirs'}",
    )
    assert run.code == 0
    assert run.verdicts == {"controller/stop_twice": "partial"}
    assert "1 scenario: 1 partial" in run.out
    assert "not compared: addresses, barrier, " in run.out
    assert "parity: 0 of 1 agree, 1 in part" in (run.folder / "badge.svg").read_text()
    assert "partial" in (run.folder / "junit.xml").read_text()
    assert "| ◐ partial | 1 |" in (run.folder / "summary.md").read_text()


def test_pytest_alone_does_not_pass_what_was_only_skipped():
    words = ["-p", "parity.pytest_plugin", "--parity-peer", driver("skipping.py"), *files()]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(command, cwd=project.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "3 skipped" in done.stdout


def test_a_driver_that_does_not_repeat_itself_is_nondeterministic(tmp_path):
    run = Run(tmp_path, *files(FEW[:1]), "--peer", driver("unsteady.py"))
    assert run.code == 1
    assert run.verdicts == {"health/oom": "nondeterministic"}


def test_the_reports_agree_with_each_other_and_say_where_they_are(tmp_path):
    run = Run(tmp_path, *files(), "--peer", "recorded", "-n", "2")
    assert run.code == 0, run.out + run.err
    assert run.report.footer.verdicts == {"agree": 3}
    assert run.report.header.peer == "recorded"
    cases = ET.parse(tmp_path / "junit.xml").getroot().findall(".//testcase")
    assert len(cases) == 3
    assert f"report: {tmp_path / 'report.jsonl'}" in run.out
    assert f"to look at: {tmp_path / 'index.html'}" in run.out
    assert "Nothing among 3 scenarios needs a look" in (tmp_path / "index.html").read_text()
    assert "nothing among 3 scenarios needs a look" in (tmp_path / "summary.md").read_text()
    assert "parity: 3 of 3 agree" in (tmp_path / "badge.svg").read_text()


def test_the_report_says_what_was_shown_by_whom_and_when(tmp_path):
    run = Run(tmp_path, *files(FEW[:1]), "--peer", driver("buggy.py", "report_twice"))
    (record,) = run.report.records
    assert record.yaml == Path("scenarios/health/oom.yaml").read_text()
    assert record.trace is not None
    assert len(record.peer_trace.events) == len(record.trace.events) + 1
    assert record.reference_by.implementation == "monolith_hooks"
    assert record.peer_by.language == "python"
    assert [each.kind for each in record.injections] == ["mem_limit"]
    assert run.report.header.versions["tensorflow"].startswith("2.")
    assert run.report.header.began.endswith("+00:00")


def test_junit_xml_has_reasons_but_no_traces(tmp_path):
    run = Run(tmp_path, *files(FEW[:1]), "--peer", driver("buggy.py", "report_twice"))
    text = (tmp_path / "junit.xml").read_text()
    assert run.code == 1
    assert "reports: first difference at" in text
    assert "peer_trace" not in text


def test_shards_are_merged_into_what_one_run_reports(tmp_path):
    for name, half in (("one", FEW[:1]), ("two", FEW[1:])):
        Run(tmp_path / name, *files(half), "--peer", "recorded")
    done = monolith_parity("merge", "one", "two", "--out", "all", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "3 scenarios of 2 shards: all/index.html\n"
    whole = read_report(tmp_path / "all" / "report.jsonl")
    assert [record.scenario for record in whole.records] == FEW
    cases = ET.parse(tmp_path / "all" / "junit.xml").getroot().findall(".//testcase")
    assert len(cases) == 3


def test_what_a_filter_leaves_out_is_listed_as_not_run(tmp_path):
    run = Run(tmp_path, *files(), "--peer", "recorded", "-k", "oom")
    assert run.code == 0
    assert run.verdicts == {
        "health/oom": "agree",
        "health/basic": "not run",
        "barrier/stop_and_resume": "not run",
    }


def test_a_filter_that_leaves_nothing_is_an_error(tmp_path):
    assert Run(tmp_path, *files(), "--peer", "recorded", "-k", "nothing_like_it").code == 2


def test_without_a_toolchain_recorded_traces_stand_in_and_the_reason_is_given(tmp_path):
    run = Run(tmp_path, *files(), env={"PATH": "/usr/bin:/bin"})
    assert run.code == 0
    assert run.out.splitlines()[0] == (
        "recorded traces stand in for the Rust port: there is no Rust toolchain (no cargo on PATH)"
    )
    assert run.verdicts == dict.fromkeys(FEW, "agree")


def test_rust_asked_for_by_name_where_it_cannot_be_built_is_an_error(tmp_path):
    run = Run(tmp_path, *files(), "--peer", "rust", env={"PATH": "/usr/bin:/bin"})
    assert run.code == 3
    assert run.err == "there is no Rust toolchain (no cargo on PATH)\n"


def test_summaries_made_elsewhere_are_compared_as_far_as_they_go(tmp_path):
    theirs = tmp_path / "theirs" / "health"
    theirs.mkdir(parents=True)
    (theirs / "oom.json").write_text('{"summary": {"reports": 1, "barrier": [[0], [0, 1]]}}')
    (theirs / "basic.json").write_text('{"summary": {"reports": 2}}')
    peer = f"recorded:{tmp_path / 'theirs'}"
    run = Run(tmp_path / "report", *files(FEW[:2]), "--peer", peer)
    assert run.code == 1
    assert run.verdicts == {"health/oom": "partial", "health/basic": "differs"}
    assert "reports: reference has 0, peer has 2" in run.out
    assert "not compared: addresses, blocked, callbacks, elements, files, " in run.out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nowhere"], 2, "nowhere: no such file or folder"),
        (["benchmarks"], 2, "benchmarks: no scenario found"),
        (["pyproject.toml"], 2, "pyproject.toml:"),
        (["--peer", "recorded:nowhere"], 2, "recorded:nowhere: nowhere is no folder"),
        (["--peer", ""], 2, "'': expected rust, recorded or a driver's command line"),
        (["--peer", "' '"], 3, "  can't be run"),
        (["--peer", "''"], 2, "expected rust, recorded or a driver's command line"),
        (["--peer", "'unbalanced"], 2, "'unbalanced: expected a driver's command line, got no clo"),
        (["--reference", "x \\"], 2, "x \\: expected a driver's command line, got no escaped char"),
        (["--peer", "/nowhere/driver"], 3, "/nowhere/driver can't be run"),
    ],
)
def test_what_is_wrong_with_the_command_is_said_without_a_traceback(tmp_path, words, code, message):
    run = Run(tmp_path, *words, *([] if "--peer" in words else ["--peer", "recorded"]))
    assert run.code == code, run.out + run.err
    assert message in run.err + run.out
    assert "Traceback" not in run.err + run.out


@pytest.mark.parametrize(("how", "processes"), [("SIGINT", "1"), ("SIGINT", "2"), ("SIGTERM", "1")])
def test_ctrl_c_keeps_what_was_done_and_lists_the_rest_as_not_run(tmp_path, how, processes):
    # The driver presses it, so that it always comes at the same point: with two processes
    # the first plays health/basic and health/oom, and the other may be anywhere.
    names = ["health/basic", "health/oom", "barrier/stop_and_resume", "health/no_ps"]
    report = str(tmp_path / "report.jsonl")
    peer = driver("interrupting.py", "health/oom", "health/basic", report, how)
    words = ["--peer", peer, "-n", processes]
    run = Run(tmp_path, *files(names), *words)
    assert run.code == 2, run.out + run.err
    assert run.report.footer.interrupted
    assert run.verdicts["health/basic"] == "agree"
    assert run.verdicts["health/oom"] == "not run"
    assert set(run.verdicts) == set(names)
    assert "; interrupted" in run.out.splitlines()[-3]
