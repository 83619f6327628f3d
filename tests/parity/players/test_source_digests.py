"""The sources of a play: what two machines are compared by."""

from __future__ import annotations

import pytest

from parity.base import project
from parity.players.choose import PlayerSpec
from parity.players.source_digests import player_here, sources_here


def test_our_python_and_the_packages_under_it_always_count():
    sources = sources_here([])
    assert {"parity", "fakes", "monolith_hooks", "python", "tensorflow", "hypothesis"} <= set(
        sources
    )
    assert len(sources["parity"]) == 12


@pytest.mark.parametrize("kind", ["hooks", "command"])
def test_a_file_that_a_player_is_given_counts_by_its_content(kind, tmp_path):
    file = tmp_path / "port.py"
    spec = PlayerSpec(kind=kind, where=str(file) if kind == "hooks" else f"python {file}")
    seen = []
    for text in (None, "a", "b"):
        if text is not None:
            file.write_text(text)
        seen.append(sources_here([spec])[str(file)])
    assert seen[0] == "none"
    assert len(set(seen)) == 3


def test_recordings_count_by_name_and_content(tmp_path):
    spec = PlayerSpec(kind="recorded", where=str(tmp_path))
    seen = set()
    for name, text in (("a", "{}"), ("a", "[]"), ("b", "[]")):
        (tmp_path / f"{name}.json").write_text(text)
        seen.add(sources_here([spec])[str(tmp_path)])
    assert len(seen) == 3


def test_the_port_counts_by_its_sources_not_by_where_it_was_built():
    sources = [sources_here([PlayerSpec(kind="rust", where=where)]) for where in ("/a", "/b")]
    assert sources[0] == sources[1]
    digest = project.rust_source_digest(project.ROOT).removeprefix("sha256:")
    assert digest.startswith(sources[0]["monolith-rs"])


def test_the_port_is_the_one_that_is_built_here(rust_player):
    here = player_here(PlayerSpec(kind="rust", where="/on/another/machine"))
    assert here.where.startswith(str(project.ROOT))
    other = PlayerSpec(kind="command", where="python driver.py")
    assert player_here(other) == other
