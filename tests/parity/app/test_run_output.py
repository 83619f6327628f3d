"""What runs leave in folders: of a part, of two at once, on a full disk, for a closed pipe."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from parity.base import project
from parity.base.folder_lock import held
from parity.base.problems import UsageError
from parity.report.folder import begin_report, write_rendered
from parity.report.report import read_report
from tests.parity.no_room import small_disk
from tests.parity.samples import PLACED, REPORT, STEP, judged, report_of, trace

pytestmark = pytest.mark.slow

HERE = project.ROOT / "tests" / "parity"
DRIVERS = HERE.parent / "drivers"
WHOLE = ["badge.svg", "index.html", "junit.xml", "report.jsonl", "summary.md"]
SHOWN, SILENT = [REPORT, PLACED, STEP], [PLACED, STEP]
NAMES = ("a", "b", "c")


class Project:
    """A small catalogue of its own, with a reference and peers that are scripted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scenarios = folder / "scenarios"
        self.scenarios.mkdir()
        for name in NAMES:
            text = "about: a sample\nsteps: [train: 1]\nexpect: {blocked: [0]}\n"
            (self.scenarios / f"{name}.yaml").write_text(text)
        self.reference = self.script("reference", SHOWN)
        self.peer = self.script("peer", SHOWN)

    def script(self, side, events):
        path = self.folder / f"{side}.json"
        path.write_text(json.dumps({name: {"events": events, "struck": {}} for name in NAMES}))
        return f"{sys.executable} {DRIVERS / 'scripted.py'} {path}"

    def words(self, command, *words, peer=None):
        sides = ["--reference", self.reference, "--peer", peer or self.peer]
        return [sys.executable, str(HERE / "elsewhere.py"), str(self.scenarios), command, *sides,
                *map(str, words)]  # fmt: skip

    def start(self, command, *words, peer=None, **streams):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return subprocess.Popen(
            self.words(command, *words, peer=peer), cwd=self.folder, text=True, **pipes
        )

    def __call__(self, command, *words, **options):
        """Run it to its end: exit code, and the lines of both streams."""
        process = self.start(command, *words, **options)
        out, err = process.communicate()
        assert "Traceback" not in (out or "") + err, err
        return process.returncode, (out or "").splitlines(), err.splitlines()


@pytest.fixture
def here(tmp_path):
    return Project(tmp_path)


def contents(folder):
    """What is in a folder, but for what is hidden, below ``partial``, or another command's."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }


def visible(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def leave_report(folder):
    """What a run left there earlier."""
    report = report_of(judged(trace(*SHOWN)))
    writer = begin_report(folder, report.header)
    writer.add(report.records[0])
    writer.finish(report.footer)
    write_rendered(report, folder)
    (folder / "junit.xml").write_text("<testsuites/>")
    return contents(folder)


PART = "a part of the catalogue was played; reports/ is as it was"


@pytest.mark.parametrize("words", [["scenarios/a.yaml"], ["scenarios"], ["-k", "a.yaml"]])
def test_a_run_of_a_part_leaves_the_report_of_the_whole_alone(here, words):
    before = leave_report(here.folder / "reports")
    assert sorted(before) == WHOLE
    code, out, _ = here("run", *words)
    assert code == 0
    assert contents(here.folder / "reports") == before
    assert visible(here.folder / "reports" / "partial") == WHOLE
    assert out[-3:] == [
        "report: reports/partial/report.jsonl",
        "to look at: reports/partial/index.html",
        PART,
    ]


def test_a_run_of_the_whole_takes_the_place_of_the_report_before(here):
    before = leave_report(here.folder / "reports")
    code, out, _ = here("run")
    after = contents(here.folder / "reports")
    assert (code, out[-1]) == (3, "to look at: reports/index.html")  # Channels never compared.
    assert sorted(after) == WHOLE
    assert not set(after.values()) & set(before.values())


def test_a_part_goes_where_it_is_told_to(here):
    code, out, _ = here("run", "scenarios/a.yaml", "--report", "mine")
    assert (code, out[-1]) == (0, "to look at: mine/index.html")
    assert visible(here.folder / "mine") == WHOLE
    assert not (here.folder / "reports").exists()


def test_a_baseline_of_a_part_leaves_the_report_of_the_whole_alone_too(here):
    before = leave_report(here.folder / "reports")
    silent = here.script("silent", SILENT)
    reason = ["--reason", "it has no reports yet"]
    code, out, _ = here("baseline", "--update", *reason, "scenarios/a.yaml", peer=silent)
    assert (code, PART in out) == (0, True)
    assert contents(here.folder / "reports") == before


def test_the_line_that_replays_shows_the_same_and_writes_nothing(here):
    silent = here.script("silent", SILENT)
    code, out, _ = here("run", "scenarios/a.yaml", peer=silent)
    assert code == 1
    (line,) = [line.split("replay: ")[1] for line in out if "replay: " in line]
    assert shlex.split(line) == [
        "monolith-parity", "replay", "a", "--both", "--on", silent, "--reference", here.reference,
    ]  # fmt: skip
    before = sorted(here.folder.rglob("*"))
    words = [sys.executable, str(HERE / "elsewhere.py"), str(here.scenarios)]
    done = subprocess.run(
        [*words, *shlex.split(line)[1:]],
        cwd=here.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "reports: first difference at 0 ms on lane ps_health" in done.stdout
    assert sorted(here.folder.rglob("*")) == before


def test_a_process_that_died_is_replayed_with_the_sides_that_it_had(here):
    deadly = f"{sys.executable} {DRIVERS / 'killing.py'}"
    code, _, _ = here("run", "scenarios/a.yaml", "-n", "2", "--seed", "7", peer=deadly)
    assert code == 3
    (record,) = read_report(here.folder / "reports" / "partial" / "report.jsonl").records
    assert shlex.split(record.replay)[2:] == [
        "a", "--both", "--on", deadly, "--reference", here.reference, "--seed", "7",
    ]  # fmt: skip


def test_of_two_runs_into_one_folder_the_second_is_refused_and_the_first_is_whole(here):
    os.mkfifo(here.folder / "pipe")
    slow = f"{sys.executable} {DRIVERS / 'waiting.py'} pipe peer.json"
    first = here.start("run", "scenarios/a.yaml", "--report", "mine", peer=slow)
    with (here.folder / "pipe").open("wb"):  # Opened once the first one plays.
        code, out, err = here("run", "scenarios/b.yaml", "--report", "mine")
    assert (code, out, err) == (
        3,
        [],
        [
            f"mine: process {first.pid} is writing there; wait for it to end, or choose another "
            "folder with --report"
        ],
    )
    out, err = first.communicate()
    assert (first.returncode, err) == (0, "")
    (record,) = read_report(here.folder / "mine" / "report.jsonl").records
    assert record.scenario == "a"
    assert visible(here.folder / "mine") == WHOLE


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--report", "reports"],
        ["baseline", "--update", "--report", "reports"],
        ["interop", "--report", "reports"],
        ["checklist", "--report", "reports"],
        ["merge", "other", "--out", "reports"],
        ["render", "reports"],
    ],
)
def test_whoever_writes_reports_is_refused_while_another_does(here, words):
    before = leave_report(here.folder / "reports")
    leave_report(here.folder / "other")
    with held(here.folder / "reports", "--report"):
        done = subprocess.run(
            [sys.executable, str(HERE / "elsewhere.py"), str(here.scenarios), *words],
            cwd=here.folder,
            capture_output=True,
            text=True,
            check=False,
        )
    option = "--out" if words[0] in ("merge", "render") else "--report"
    assert (done.returncode, done.stderr) == (
        3,
        f"reports: process {os.getpid()} is writing there; wait for it to end, or choose another "
        f"folder with {option}\n",
    )
    assert contents(here.folder / "reports") == before


def closed_pipe():
    read, write = os.pipe()
    os.close(read)
    return write


GONE = (
    "standard output: can't be written: Broken pipe; let its reader read to the end, or send it "
    "to a file or to /dev/null"
)


@pytest.mark.parametrize(
    ("words", "events"), [([], SHOWN), ([], SILENT), (["-n", "2"], SILENT), (["--json"], SHOWN)]
)
def test_a_run_whose_reader_has_gone_finishes_its_report(here, words, events):
    pipe = closed_pipe()
    peer = here.script("either", events)
    code, _, err = here("run", "--report", "mine", *words, peer=peer, stdout=pipe)
    os.close(pipe)
    assert (code, err) == (3, [GONE])
    report = read_report(here.folder / "mine" / "report.jsonl")
    verdict = "agree" if events is SHOWN else "differs"
    assert report.footer.verdicts == {verdict: 3}
    assert visible(here.folder / "mine") == WHOLE


@pytest.mark.parametrize("words", [[], ["-n", "2"]])
def test_a_disk_that_fills_up_in_the_middle_ends_the_run_in_one_line(here, words):
    with small_disk(here.folder / "disk", 16) as disk:
        (disk / "filler").write_bytes(b"x" * 8192)
        code, _, err = here("run", "--report", "disk", *words)
        assert (code, err) == (
            3,
            [
                "disk/report.jsonl: can't be written: No space left on device; free space there, "
                "or choose another folder"
            ],
        )
        assert visible(disk) == ["filler", "report.jsonl"]
        with pytest.raises(UsageError):
            read_report(disk / "report.jsonl")


def test_a_disk_without_room_for_the_page_has_a_whole_report_and_no_page(here):
    with small_disk(here.folder / "disk", 64) as disk:
        code, _, err = here("run", "scenarios/a.yaml", "--report", "disk")
        assert (code, err) == (
            3,
            [
                "disk/index.html: can't be written: No space left on device; free space there, "
                "or choose another folder"
            ],
        )
        assert visible(disk) == ["report.jsonl"]
        assert read_report(disk / "report.jsonl").footer.exit_code == 0


@pytest.mark.parametrize(
    ("words", "peer", "code"),
    [
        (["-k", "(("], None, 2),
        (["-k", "((", "-n", "2"], None, 2),
        (["nowhere"], None, 2),
        (["--schedule", "junk"], None, 2),
        ([], "recorded:nowhere", 2),
    ],
)
def test_a_run_that_fails_at_its_start_leaves_the_report_before_it_with_its_page(
    here, words, peer, code
):
    before = leave_report(here.folder / "mine")
    assert here("run", *words, "--report", "mine", peer=peer)[0] == code
    assert contents(here.folder / "mine") == before
