"""How a fork imports a mutant, and how it is noted what a scenario runs."""

from __future__ import annotations

import importlib
import sys
import threading

import pytest

from parity.mutation.judges.python_child import _lines_noted, _Mutated


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A package of two modules, one of which uses the other."""
    package = tmp_path / "tinygate"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "gate.py").write_text("def opens():\n    return 1\n", encoding="utf-8")
    (package / "house.py").write_text(
        "from tinygate.gate import opens\ndef enter():\n    return [opens() for _ in 'x'][0]\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinygate"]:
        del sys.modules[name]


def test_one_module_is_the_mutant_and_the_others_import_it(tiny, monkeypatch):
    finder = _Mutated("tinygate.gate", "def opens():\n    return 2\n", str(tiny / "gate.py"))
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    house = importlib.import_module("tinygate.house")
    assert house.enter() == 2
    assert sys.modules["tinygate.gate"].__file__ == str(tiny / "gate.py")


def test_a_mutant_that_is_no_python_is_refused(tiny):
    with pytest.raises(SyntaxError):
        _Mutated("tinygate.gate", "def opens(:", str(tiny / "gate.py"))


def test_lines_run_on_all_threads_are_noted_by_file(tiny):
    house = importlib.import_module("tinygate.house")
    with _lines_noted(tiny) as ran:
        thread = threading.Thread(target=house.enter)
        thread.start()
        thread.join()
    house.enter()
    assert ran == {"house.py": {3}, "gate.py": {2}}


def test_lines_of_others_arent(tiny):
    with _lines_noted(tiny) as ran:
        importlib.import_module("string").capwords("a b")
    assert ran == {}
