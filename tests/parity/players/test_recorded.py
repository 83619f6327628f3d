"""Recordings: used only as long as they match what they were made from."""

from __future__ import annotations

import json
import shutil

import pytest

from parity.base import project
from parity.base.project import rust_source_digest
from parity.players.outcome import Failed, Played, Skipped, Summarized
from parity.players.recorded import Provenance, RecordedPlayer, write_recording
from tests.parity.samples import REPORT, scenario_file, trace

FILE = scenario_file("health/sample")
TRACE = trace(REPORT)


def provenance(**changes):
    return Provenance(
        **{
            "scenario": "health/sample",
            "scenario_digest": FILE.scenario.digest(),
            "implementation": "monolith-rs",
            "language": "rust",
            "version": "0.1.0",
            "source_digest": rust_source_digest(project.ROOT),
            **changes,
        }
    )


def played(folder, file=FILE, sources=project.ROOT, **options):
    return RecordedPlayer(folder, sources).play(file, **options)


def test_a_recording_is_played_back(tmp_path):
    write_recording(tmp_path, provenance(), TRACE)
    assert played(tmp_path) == Played(TRACE)


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ({"scenario_digest": "sha256:0"}, "the scenario has changed since; record it again"),
        ({"source_digest": "sha256:0"}, "the Rust sources have changed since; record it again"),
        (
            {"source_digest": None, "scenario_digest": "sha256:0"},
            "the scenario has changed since, and the Rust sources have changed since; record it",
        ),
    ],
)
def test_one_that_no_longer_matches_is_stale_and_says_which_side_moved(tmp_path, changes, moved):
    path = write_recording(tmp_path, provenance(**changes), TRACE)
    outcome = played(tmp_path)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "stale"
    assert outcome.message.startswith(f"{path}: {moved}")


@pytest.mark.parametrize("moved", [{"scenario_digest": "sha256:0"}, {"source_digest": "sha256:0"}])
def test_one_that_stands_in_for_a_port_that_cannot_be_built_is_not_to_be_recorded_again(
    tmp_path, moved
):
    write_recording(tmp_path, provenance(**moved), TRACE)
    for scenario in (FILE, scenario_file("health/other")):
        outcome = RecordedPlayer(tmp_path, project.ROOT, "there is no cargo").play(scenario)
        assert isinstance(outcome, Failed)
        assert "record it again" not in outcome.message
        assert "makes it" not in outcome.message
        assert outcome.message.endswith(
            "; it can't be recorded here, as the port can't be built: there is no cargo"
        )


def test_somebody_elses_recording_is_not_held_to_our_sources(tmp_path):
    write_recording(tmp_path, provenance(source_digest="sha256:theirs"), TRACE)
    assert played(tmp_path, sources=None) == Played(TRACE)


def test_a_scenario_without_a_recording_is_missing_not_passed(tmp_path):
    outcome = played(tmp_path)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "missing"


def test_a_recording_knows_one_schedule_only(tmp_path):
    write_recording(tmp_path, provenance(), TRACE)
    assert isinstance(played(tmp_path, seed=1), Skipped)


def test_a_bare_trace_and_a_bare_summary_are_enough(tmp_path):
    (tmp_path / "health").mkdir()
    path = tmp_path / "health" / "sample.json"
    path.write_text(json.dumps(TRACE.to_json()))
    assert played(tmp_path, sources=None) == Played(TRACE)
    path.write_text('{"summary": {"reports": 1, "barrier": [[0], []]}}')
    outcome = played(tmp_path, sources=None)
    assert isinstance(outcome, Summarized)
    assert outcome.summary.model_fields_set == {"reports", "barrier"}
    assert outcome.summary.barrier == ((0,), ())


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"summary": {"reprots": 1}}', '{"summary": {}}', '{"trace": 1}', "\0"]
)
def test_what_is_no_recording_is_garbage(tmp_path, text):
    (tmp_path / "health").mkdir()
    (tmp_path / "health" / "sample.json").write_text(text)
    outcome = played(tmp_path, sources=None)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "garbage"
    assert "sample.json: " in outcome.message


def test_the_digest_changes_with_any_source_file(tmp_path):
    for part in ("monolith-rs/Cargo.toml", "monolith-rs/Cargo.lock", "monolith_hooks"):
        source = project.ROOT / part
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("*.py*"))
        else:
            shutil.copy(source, tmp_path / part)
    sources = tmp_path / "monolith-rs" / "crates" / "c" / "src" / "deep"
    sources.mkdir(parents=True)
    digests = {rust_source_digest(tmp_path)}
    (sources / "new.rs").write_text("// new")
    digests.add(rust_source_digest(tmp_path))
    (sources / "new.rs").write_text("// newer")
    digests.add(rust_source_digest(tmp_path))
    (tmp_path / "monolith_hooks" / "logging_ops.proto").write_text("syntax")
    digests.add(rust_source_digest(tmp_path))
    assert len(digests) == 4
