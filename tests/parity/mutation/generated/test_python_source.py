"""The mutants that are made of a Python file."""

from __future__ import annotations

import pytest

from parity.base.problems import PortUnavailableError
from parity.mutation.generated.python_source import changed

SOURCE = '''"""A tiny module."""

LIMIT = 3


class Gate:
    """Opens."""

    def opens(self, at: int = 1) -> bool:
        """Whether it does."""
        later = [each for each in (at,) if each > 2]
        return len(later) == 1
'''


class TestChanges:
    @pytest.fixture(autouse=True)
    def _mutmut(self):
        pytest.importorskip("mutmut", reason="nox -s mutants installs mutmut")

    def test_say_what_becomes_of_which_line(self):
        found = {(each.line, each.change) for each in changed("gate.py", SOURCE)}
        assert (3, "LIMIT = 3 -> LIMIT = 4") in found
        assert (12, "return len(later) == 1 -> return len(later) != 1") in found

    def test_are_shown_by_the_statement_that_they_are_in(self):
        inside = [each for each in changed("gate.py", SOURCE) if each.line in (11, 12)]
        assert {each.statement for each in inside} == {range(11, 12), range(12, 13)}

    def test_of_a_condition_are_not_shown_by_what_depends_on_it(self):
        source = "def f(a):\n    if (a >\n            1):\n        return a + 1\n    return 0\n"
        inside = {each.line: each.statement for each in changed("gate.py", source)}
        assert inside == {2: range(2, 4), 3: range(2, 4), 4: range(4, 5), 5: range(5, 6)}

    def test_of_a_default_or_a_constant_are_shown_by_the_import(self):
        outside = [each for each in changed("gate.py", SOURCE) if each.line in (3, 9)]
        assert {each.line for each in outside} == {3, 9}
        assert {each.statement for each in outside} == {range(0)}

    def test_give_another_text_each_and_never_touch_docstrings(self):
        texts = [each.text for each in changed("gate.py", SOURCE)]
        assert len({SOURCE, *texts}) == len(texts) + 1
        assert all('"""Whether it does."""' in text for text in texts)

    def test_arent_made_of_a_function_that_the_port_doesnt_have(self):
        source = SOURCE + "\n\ndef emit_timer():\n    return 1\n"
        assert list(changed("gate.py", source)) != []
        assert all("return 1 ->" not in each.change for each in changed("gate.py", source))

    def test_name_the_module_that_is_mutated(self):
        change = next(changed("server/server_lib.py", SOURCE))
        assert change.module == "monolith_hooks.server.server_lib"


def test_without_mutmut_it_says_what_installs_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mutmut.mutation.file_mutation", None)
    with pytest.raises(PortUnavailableError, match="nox -s mutants installs it"):
        next(changed("gate.py", SOURCE))
