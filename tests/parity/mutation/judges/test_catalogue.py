"""The catalogue against a mutant: what a mutant that goes wrong looks like."""

from __future__ import annotations

import textwrap

import pytest

from parity.mutation.judges.catalogue import ScenarioResult, against_recorded, of_mutated_python
from parity.players.outcome import Failed, Played
from parity.players.recorded import Provenance, write_recording
from parity.verdict.known import KnownDifferences
from tests.parity.samples import SESSION, STEP, Script, scenario_file, trace

NOTHING_KNOWN = KnownDifferences()
FILES = [scenario_file(name) for name in ("a", "b", "c", "d", "e", "f", "g")]


@pytest.fixture
def traces(tmp_path):
    """Recordings of the reference, the same for every scenario."""
    for file in FILES:
        provenance = Provenance(
            scenario=file.name,
            scenario_digest=file.scenario.digest(),
            implementation="monolith_hooks",
            language="python",
            version="1",
            source_digest=None,
        )
        write_recording(tmp_path, provenance, trace(SESSION, STEP))
    return tmp_path


def verdicts(traces, player):
    return [seen.verdict for seen in against_recorded(traces, player, FILES, NOTHING_KNOWN)]


def test_a_mutant_that_plays_as_the_reference_did_is_noticed_by_nothing(traces):
    assert verdicts(traces, Script(trace(SESSION, STEP))) == ["agree"] * 7


def test_a_mutant_that_plays_otherwise_differs_and_says_where(traces):
    seen = next(against_recorded(traces, Script(trace(SESSION)), FILES, NOTHING_KNOWN))
    assert (seen.verdict, seen.bad) == ("differs", True)
    assert "first difference at 0 ms on lane main" in seen.reason


def test_a_mutant_that_hangs_is_given_up_after_five_times(traces):
    hung = Failed("hung", "no answer within 5 s")
    sound = Played(trace(SESSION, STEP))
    assert verdicts(traces, Script(sound, hung)) == ["agree", *["failed"] * 5]


@pytest.fixture
def child(tmp_path):
    """Says what the process of a mutated reference does; gives what is seen of it."""

    def playing(source):
        program = tmp_path / "copy" / "parity" / "mutation" / "judges" / "catalogue.py"
        program.parent.mkdir(parents=True)
        for folder in list(program.parents)[:3]:
            (folder / "__init__.py").touch()
        program.write_text(textwrap.dedent(source))
        return list(of_mutated_python(tmp_path / "copy", tmp_path, FILES[:2], limit=5))

    return playing


LINE = ScenarioResult(scenario="a", verdict="agree").model_dump_json()


def test_what_the_process_says_is_seen(child):
    assert [seen.scenario for seen in child(f"print({LINE!r}); print({LINE!r})")] == ["a", "a"]


def test_a_process_that_is_ended_was_ended_by_the_scenario_that_it_was_at(child):
    _, seen = child(f"print({LINE!r}, flush=True); raise SystemExit(1)")
    assert (seen.scenario, seen.verdict) == ("b", "failed")
    assert "its process ended with 1" in seen.reason


def test_a_line_that_was_cut_off_is_not_seen(child):
    _, seen = child(
        f"print({LINE!r}); print({LINE[:9]!r}, end='', flush=True); raise SystemExit(1)"
    )
    assert (seen.scenario, seen.verdict) == ("b", "failed")
