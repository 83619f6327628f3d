"""What is read of the files that runs leave, and when they aren't believed."""

from __future__ import annotations

import os

import pytest

from parity.interop import report as interop_report
from parity.interop.report import InteropCell
from parity.report.checklist.results import read_check_results
from parity.report.report import Header, ReportWriter, make_footer
from parity.verdict.record import Record

CARGO = """\
   Compiling monolith-training v0.1.0
     Running unittests src/lib.rs (target/debug/deps/monolith_training-0a1b2c)

running 1 test
test save_utils::timer::tests::by_steps ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out

     Running tests/server_lib_test.rs (target/debug/deps/server_lib_test-0a1b2c)

running 3 tests
test stop_twice ... FAILED
test slow ... ignored
test panics - should panic ... ok
"""
JUNIT = """\
<testsuites><testsuite>
<testcase classname="tests.parity.test_x" name="test_a[1]" />
<testcase classname="tests.upstream_style.server_lib_test.ServerLibTest" name="test_session">
<skipped message="no" /></testcase>
<testcase classname="tests.parity.test_x" name="test_b"><failure message="no" /></testcase>
<testcase classname="tests.parity.test_x" name="test_c"><error message="no" /></testcase>
</testsuite></testsuites>
"""
CELL = {"client": "python", "server": "rust", "method": "StopTraining", "case": "first"}
CELLS = [
    interop_report.InteropHeader(peers=("python", "rust"), note="", rust_source_digest="sha256:0"),
    InteropCell(**CELL, covers=("B25a",), verdict="agree"),
    InteropCell(
        **{**CELL, "case": "twice"}, verdict="differs", reasons=("OK is not ALREADY_EXISTS",)
    ),
    interop_report.InteropFooter(
        verdicts={"agree": 1, "differs": 1}, interrupted=False, exit_code=1
    ),
]


def as_lines(parts):
    return "\n".join(part.model_dump_json() for part in parts)


@pytest.fixture
def root(tmp_path):
    """A project with one source file, and a folder for reports beside it."""
    source = tmp_path / "root" / "monolith_hooks" / "server" / "server_lib.py"
    source.parent.mkdir(parents=True)
    source.write_text("")
    os.utime(source, (1, 1))
    (tmp_path / "reports").mkdir()
    return tmp_path / "root"


def read(root):
    return read_check_results(root.parent / "reports", root)


def write(root, name, text):
    path = root.parent / "reports" / name
    path.write_text(text)
    return path


def said(source):
    assert source.doubt is None
    return {result.name: (result.good, result.said) for result in source.results}


def test_what_was_not_run_is_said_with_what_would_make_it(root):
    results = read(root)
    assert (
        results.scenarios.doubt == "not run: there is no report.jsonl; monolith-parity run makes it"
    )
    assert (
        results.cells.doubt
        == "not run: there is no interop.jsonl; monolith-parity interop makes it"
    )
    assert results.rust_tests.doubt == "not run: there is no rust-tests.txt; dev.py rust makes it"
    assert results.python_tests.doubt == "not run: there is no tests.xml; dev.py tests makes it"


def header(scenarios):
    return Header(
        reference="python", peer="rust", note="", seed=None, scenarios=scenarios,
        rust_source_digest="",
    )  # fmt: skip


def record(scenario, covers, verdict, *reasons):
    return Record(
        scenario=scenario, file="", about="", covers=(covers,), digest="", reference="python",
        peer="rust", verdict=verdict, reasons=reasons, replay="",
    )  # fmt: skip


def write_run(folder, *records):
    writer = ReportWriter(folder, header(len(records)))
    for each in records:
        writer.add(each)
    writer.finish(make_footer(header(len(records)), list(records), interrupted=False))


HEALTHY = record("health/oom", "B8a", "agree")
KNOWN = record("health/basic", "B8a", "known", "known: logs: x")
SKIPPED = record("cluster/killed_chief", "B36a", "skipped", "python skipped it: needs kill")


def test_a_run_gives_its_scenarios_and_what_each_covers(root):
    write_run(root.parent / "reports", HEALTHY, KNOWN)
    source = read(root).scenarios
    assert said(source) == {
        "health/oom": (True, "agree"),
        "health/basic": (False, "known; known: logs: x"),
    }
    assert source.results[0].covers == ("B8a",)


def test_a_run_that_is_not_whole_is_doubted(root):
    writer = ReportWriter(root.parent / "reports", header(1))
    writer.add(HEALTHY)
    assert "truncated" in str(read(root).scenarios.doubt)
    writer.finish(make_footer(header(1), [HEALTHY], interrupted=False))


CLUSTER_JUNIT = """\
<testsuites><testsuite>
<testcase classname="tests.cluster.test_x" name="test_it[cluster/killed_chief]">{}</testcase>
</testsuite></testsuites>
"""


@pytest.mark.parametrize(
    ("inner", "result"),
    [
        ("", (True, "passed on the cluster")),
        ('<failure message="no" />', (False, "failure on the cluster")),
    ],
)
def test_a_scenario_that_only_real_processes_show_counts_by_its_test_there(root, inner, result):
    write_run(root.parent / "reports", SKIPPED)
    write(root, "cluster-tests.xml", CLUSTER_JUNIT.format(inner))
    results = read(root)
    assert said(results.scenarios) == {"cluster/killed_chief": result}
    assert results.scenarios.results[0].covers == ("B36a",)
    assert results.tests_of("tests/cluster/test_scenarios.py") is results.cluster_tests


def test_without_a_run_of_the_cluster_such_a_scenario_stays_skipped_and_says_what_to_run(root):
    write_run(root.parent / "reports", SKIPPED)
    assert said(read(root).scenarios) == {
        "cluster/killed_chief": (
            False,
            "skipped; python skipped it: needs kill; "
            "not run: there is no cluster-tests.xml; dev.py cluster makes it",
        )
    }


def test_the_clusters_report_gives_what_the_cluster_played(root):
    folder = root.parent / "reports" / "cluster"
    folder.mkdir()
    write_run(folder, HEALTHY, SKIPPED)
    assert said(read(root).cluster) == {"health/oom": (True, "agree")}


def test_interop_gives_its_cells(root):
    write(root, "interop.jsonl", as_lines(CELLS))
    assert said(read(root).cells) == {
        "StopTraining/first (python to rust)": (True, "agree"),
        "StopTraining/twice (python to rust)": (False, "differs; OK is not ALREADY_EXISTS"),
    }


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (as_lines(CELLS[:-1]), "truncated"),
        ("", "truncated"),
        ("{", "no report"),
        ('{"kind": "header"}\n{"client": 1}\n{"kind": "footer"}', "another version's report"),
    ],
)
def test_a_report_of_interop_that_is_not_whole_is_doubted(root, text, doubt):
    write(root, "interop.jsonl", text)
    assert doubt in str(read(root).cells.doubt)


def test_cargo_gives_its_tests_by_binary(root):
    write(root, "rust-tests.txt", CARGO)
    assert said(read(root).rust_tests) == {
        "monolith_training::save_utils::timer::tests::by_steps": (True, "ok"),
        "server_lib_test::stop_twice": (False, "FAILED"),
        "server_lib_test::slow": (False, "ignored"),
        "server_lib_test::panics": (True, "ok"),
    }


def test_pytest_gives_its_tests_by_file(root):
    write(root, "tests.xml", JUNIT)
    assert said(read(root).python_tests) == {
        "tests/parity/test_x.py::test_a[1]": (True, "passed"),
        "tests/upstream_style/server_lib_test.py::test_session": (False, "skipped"),
        "tests/parity/test_x.py::test_b": (False, "failure"),
        "tests/parity/test_x.py::test_c": (False, "error"),
    }


def test_a_file_that_is_no_junit_is_doubted(root):
    write(root, "tests.xml", "<testsuites>")
    assert str(read(root).python_tests.doubt).startswith(
        f"{root.parent / 'reports' / 'tests.xml'} is no JUnit file"
    )


def test_results_older_than_the_sources_are_doubted(root):
    path = write(root, "tests.xml", JUNIT)
    os.utime(path, (0, 0))
    assert read(root).python_tests.doubt == (
        "tests.xml is older than monolith_hooks/server/server_lib.py; dev.py tests makes it anew"
    )
