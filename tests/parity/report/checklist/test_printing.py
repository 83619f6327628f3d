"""``monolith-parity checklist``, as a user sees it."""

from __future__ import annotations

import json

import pytest

from tests.parity.preloaded import monolith_parity


def command(*words, **options):
    return monolith_parity("checklist", *words, **options)


def test_without_results_boxes_are_open_and_say_so(tmp_path):
    done = command("--report", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "server/server_lib: 1 of 10" in done.stdout
    assert "not run: there is no" in done.stdout
    assert "not applicable: a constant can't fail" in columns(done.stdout)[1]
    assert done.stdout.splitlines()[-2] == (
        "60 boxes: 5 ticked, 55 open; --all shows what is evidence for which"
    )


def columns(table):
    """The texts of the left and of the right column, each without its line breaks."""
    cells = [line.split("│") for line in table.splitlines() if line.startswith("│")]
    return [" ".join(" ".join(row[i] for row in cells).split()) for i in (1, 2)]


def test_what_is_open_comes_first_and_what_is_ticked_only_if_asked(tmp_path):
    short, whole = (command("--report", str(tmp_path), *all_) for all_ in ([], ["--all"]))
    assert short.stdout.splitlines()[0].rstrip() == "open"
    ticked = "page: docs/performance.md#risks-of-the-client: there"
    assert ticked not in columns(short.stdout)[1]
    assert ticked in columns(whole.stdout)[1]
    assert whole.stdout.index("\nticked") > whole.stdout.index("Rust tests added and passing")
    assert whole.stdout.splitlines()[-2] == "60 boxes: 5 ticked, 55 open"


@pytest.mark.parametrize("all_", [[], ["--all"]])
def test_it_fits_a_terminal_of_80_columns_and_cuts_nothing_off(tmp_path, all_):
    done = command("--report", str(tmp_path), *all_, env={"COLUMNS": "80"})
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "…" not in done.stdout


def test_the_json_is_what_is_written_to_the_folder(tmp_path):
    done = command("--report", str(tmp_path), "--json")
    assert done.stdout == (tmp_path / "checklist.json").read_text()
    made = json.loads(done.stdout)
    assert [module["module"] for module in made["modules"]] == [
        "hook_utils_test",
        "ps_check_hooks",
        "ps_check_hooks_test",
        "server/client_lib",
        "server/constants",
        "server/server_lib",
    ]
    assert made["totals"]["open"] > 0


def test_strict_fails_on_a_box_that_is_open(tmp_path):
    assert command("--report", str(tmp_path), "--strict").returncode == 1


@pytest.mark.parametrize("words", [["--report", "nowhere"], ["--nonsense"]])
def test_bad_usage_is_an_error_without_a_traceback(words):
    done = command(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
