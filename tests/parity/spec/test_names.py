"""A name of a scenario can be made a file of below any folder, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.spec.names import check_scenario_name


@pytest.mark.parametrize(
    "name", ["oom", "health/oom", "fuzz/7/12", "my port (2).v3/é 漢", "..x/x.."]
)
def test_a_relative_path_is_a_name(name):
    assert check_scenario_name(name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "'' leads elsewhere; expected a name such as health/oom"),
        ("../../outside", "'../../outside' leads elsewhere; "),
        ("a/../../b", "'a/../../b' leads elsewhere; "),
        ("/etc/passwd", "'/etc/passwd' leads elsewhere; "),
        ("a//b", "'a//b' leads elsewhere; "),
        ("a/", "'a/' leads elsewhere; "),
        ("./a", "'./a' leads elsewhere; "),
        ("a\0b", "'a\\x00b' has control characters; "),
        ("a\nb", "'a\\nb' has control characters; "),
        ("\x1b[2J", "'\\x1b[2J' has control characters; "),
        ("a\u202eb", "'a\\u202eb' has control characters; "),
        ("a\ud800", "'a\\ud800' has control characters; "),
        ("a::b", "'a::b' has :: or [, which are pytest's own; expected neither"),
        ("a[1]", "'a[1]' has :: or ["),
        ("x" * 201, f"'{'x' * 37}...' is too long; expected at most 200 bytes a part"),
        ("é" * 101, "is too long"),
        ("x/" * 500 + "x", "is too long"),
    ],
)
def test_what_leads_elsewhere_or_cannot_be_a_file_is_refused(name, said):
    with pytest.raises(ValueError, match="expected") as raised:
        check_scenario_name(name)
    assert said in str(raised.value)


@given(st.text() | st.text("./\\a\0"))
def test_a_name_stays_within_its_folder(name):
    try:
        check_scenario_name(name)
    except ValueError:
        return
    path = Path("/some/folder") / f"{name}.json"
    assert path.is_relative_to("/some/folder")
    assert ".." not in path.parts
    assert path.with_suffix("").as_posix() == f"/some/folder/{name}"
    name.encode()
