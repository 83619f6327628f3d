"""The seed's modules without options, logs or threads: neither language's source has any.

Together with plays (tests/parity/test_surroundings.py) this is the evidence for boxes of the
seed's checklists that don't apply to a module.
"""

from __future__ import annotations

import ast
import re
import threading

import pytest

from monolith_hooks.server import constants
from tests.test_public_names import python_source, rust_source

MODULES = ["hook_utils", "server/client_lib", "server/constants", "server/server_lib"]
SETTINGS = re.compile(r"environ|getenv|absl|\bflags\b|std::env|\benv::|\bclap::")
LOGS = re.compile(r"\blogging\b|\bprint\(|metrics\b|tracing::|\blog::|println!|\bMetrics\b")


def code(language, module):
    """The module's own code, without docstrings and comments."""
    if language == "python":
        tree = ast.parse(python_source(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                node.value.value = ""
        return ast.unparse(tree)
    return re.sub(r"//.*", "", rust_source(module))


def literals(language):
    """The value of each name that the module of constants has."""
    text = code(language, "server/constants")
    if language == "python":
        named = [each for each in ast.parse(text).body if isinstance(each, ast.AnnAssign)]
        return {ast.unparse(each.target): ast.literal_eval(each.value) for each in named}
    return dict(re.findall(r'^pub const (\w+): &str = "([^"]*)";$', text, re.MULTILINE))


@pytest.mark.parametrize("language", ["python", "rust"])
@pytest.mark.parametrize("module", MODULES)
def test_a_module_reads_no_flag_and_no_environment(module, language):
    assert SETTINGS.findall(code(language, module)) == []


@pytest.mark.parametrize("language", ["python", "rust"])
@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_no_logs_and_no_metrics(module, language):
    assert LOGS.findall(code(language, module)) == []


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("os.environ['X']", SETTINGS), ("flags.FLAGS.x", SETTINGS),
        ("std::env::var(x)", SETTINGS), ("logging.info(x)", LOGS), ("tracing::info!(x)", LOGS),
        ("self._metrics.emit_counter()", LOGS), ("println!()", LOGS),
    ],
)  # fmt: skip
def test_what_a_module_might_have_would_be_found(text, pattern):
    assert pattern.search(text)


@pytest.mark.parametrize("language", ["python", "rust"])
def test_the_constants_are_literals_so_that_nothing_can_fail_or_cost(language):
    found = literals(language)
    assert found["SERVER_ADDR_FILENAME"] == "controller_server_addr.txt"
    # Nothing else is there: no function, no call, no import that runs.
    definitions = re.findall(
        r"^(?:pub )?(?:const|fn|static|def|class|\w+:)",
        code(language, "server/constants"),
        re.MULTILINE,
    )
    assert len(definitions) == len(found)


def test_the_constant_is_one_text_on_every_thread():
    seen = []
    readers = [
        threading.Thread(target=lambda: seen.append(constants.SERVER_ADDR_FILENAME))
        for _ in range(8)
    ]
    for each in readers:
        each.start()
    for each in readers:
        each.join()
    assert seen == ["controller_server_addr.txt"] * 8
