"""``monolith-parity checklist``, as a user sees it."""

from __future__ import annotations

import json

import pytest

from tests.parity.preloaded import monolith_parity


def command(*words):
    return monolith_parity("checklist", *words)


def test_without_results_boxes_are_open_and_say_so(tmp_path):
    done = command("--report", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "server/server_lib: 1 of 10" in done.stdout
    assert "not run: there is no" in done.stdout
    assert "declared open: a constant can't fail" in " ".join(done.stdout.split())
    assert done.stdout.splitlines()[-1].startswith("60 boxes: ")


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


def test_strict_fails_on_a_box_that_is_open_without_having_been_declared_so(tmp_path):
    assert command("--report", str(tmp_path), "--strict").returncode == 1


@pytest.mark.parametrize("words", [["--report", "nowhere"], ["--nonsense"]])
def test_bad_usage_is_an_error_without_a_traceback(words):
    done = command(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
