"""``monolith-parity explain``."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from parity.app.explain import explain
from parity.base.problems import UsageError


def explained(word):
    out = StringIO()
    explain(word, Console(file=out, width=200))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_fault_is_shown_with_its_example_and_options():
    assert explained("slow_save") == [
        "faults.slow_save (fault)",
        "  Writing a checkpoint first waits this much time.",
        "  Its name has the step at which the save began. It is triggered when a write waits.",
        "  in YAML: slow_save: {takes: 2s}",
        '  in canonical JSON: {"slow_save": {"takes": 2000}}',
        "  takes: a duration such as 30s, 500ms, 2m; required",
        "    The virtual time that it takes.",
    ]


def test_a_verdict_says_what_it_means_for_the_exit_code():
    assert explained("differs") == [
        "verdicts.differs (verdict)",
        "  The sides differ; the first difference of each channel is named. "
        "A run that has one exits with 1 or more.",
    ]


def test_a_word_that_means_several_things_is_shown_in_each():
    titles = [line for line in explained("expect") if not line.startswith(" ") and line]
    assert {"steps.rpc.expect (option)", "expect (key)"} < set(titles)


def test_a_path_means_one_thing():
    assert explained("steps.rpc.expect")[0] == "steps.rpc.expect (option)"


def test_without_a_word_it_lists_what_there_is():
    lines = explained(None)
    assert lines[lines.index("hooks:") + 1].strip().startswith("ps_health, saver, server, probe")


def test_an_unknown_word_suggests_the_nearest():
    with pytest.raises(UsageError, match=r"no such key or kind \(did you mean slow_poll"):
        explained("slow_poles")
