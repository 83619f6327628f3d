"""The seed's modules in Python and in Rust: what one makes public, so does the other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUST = ROOT / "monolith-rs" / "crates" / "monolith-training" / "src" / "hooks"
MODULES = [
    "hook_utils",
    "ps_check_hooks",
    "server/client_lib",
    "server/constants",
    "server/server_lib",
]
PUBLIC = re.compile(r"\bpub (?:const|fn|struct|trait|enum|type) (\w+)")
EXPORTED_FROM = re.compile(r"\bpub use super::(\w+)::")


def python_source(module):
    return (ROOT / "monolith_hooks" / f"{module}.py").read_text()


def rust_source(module):
    """The module's own text and that of its neighbours whose items it exports."""
    path = RUST / f"{module}.rs"
    text = path.read_text()
    return "".join(
        [text, *(path.with_name(f"{each}.rs").read_text() for each in EXPORTED_FROM.findall(text))]
    )


def public_names(tree):
    """Functions, classes, constants, and the methods that the service names."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
                yield from (each.name for each in node.body if is_rpc(each))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def is_rpc(node):
    return isinstance(node, ast.FunctionDef) and node.name[0].isupper()


def in_rust(name):
    """``StopTraining`` of the service is ``stop_training``; a class keeps its name."""
    return {name, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()}


@pytest.mark.parametrize("module", MODULES)
def test_each_public_name_is_public_in_the_port(module):
    names = [each for each in public_names(ast.parse(python_source(module))) if each[0] != "_"]
    assert names
    port = set(PUBLIC.findall(rust_source(module)))
    assert [name for name in names if not in_rust(name) & port] == []


def test_the_address_file_has_the_same_name_in_both_languages():
    quoted = re.compile(r'SERVER_ADDR_FILENAME\b.* = "(.+?)"')
    names = [quoted.search(read("server/constants")) for read in (python_source, rust_source)]
    assert [name and name[1] for name in names] == ["controller_server_addr.txt"] * 2
