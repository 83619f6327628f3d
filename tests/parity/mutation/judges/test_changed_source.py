"""Which lines must be run to show a change."""

from __future__ import annotations

from parity.mutation.judges.changed_source import ChangedSource

SOURCE = """\
LIMIT = 3


def gate(width):
    \"\"\"Opens.\"\"\"
    if width > LIMIT:
        width = LIMIT
    return width
"""


def change(find, becomes):
    assert SOURCE.count(find) == 1
    return ChangedSource.of("gate.py", SOURCE, SOURCE.replace(find, becomes), "planted")


def test_a_statement_that_becomes_another_must_be_run():
    found = change("        width = LIMIT", "        width = 4")
    assert (found.line, set(found.statement)) == (7, {7})
    assert found.module == "monolith_hooks.gate"


def test_of_several_lines_any_will_do():
    found = change("> LIMIT:\n        width = LIMIT", "> 4:\n        width = 4")
    assert (found.line, set(found.statement)) == (6, {6, 7})


def test_beside_what_is_added_either_line_will_do():
    found = change("        width = LIMIT\n", "        width = LIMIT\n        print(width)\n")
    assert set(found.statement) == {7, 8}


def test_what_the_import_runs_may_show_anywhere():
    for find, becomes in [("LIMIT = 3", "LIMIT = 4"), ("gate(width)", "gate(width=1)")]:
        assert not change(find, becomes).statement
