"""``monolith-parity smoke``: what a port's author reads of a driver that isn't finished."""

from __future__ import annotations

import json
import shlex
import sys

import pytest

from parity.base import project
from tests.parity.preloaded import monolith_parity

pytestmark = pytest.mark.slow

DRIVERS = project.ROOT / "tests" / "drivers"


def smoke(name, *arguments, limit=30):
    command = shlex.join([sys.executable, str(DRIVERS / name), *arguments])
    return monolith_parity("smoke", command, "--limit", limit)


def partial(**says):
    return smoke("partial.py", json.dumps(says))


def test_a_good_driver_is_told_what_comes_next():
    done = partial()
    assert done.returncode == 0, done.stderr
    assert "hello  fake 0 (python), protocol 1" in done.stdout
    assert "channels: all" in done.stdout
    assert "play   " in done.stdout
    assert "bye    it ended well" in done.stdout
    assert "next   monolith-parity run --peer " in done.stdout


def test_what_it_has_is_shown():
    done = partial(channels=["reports", "barrier"], capabilities=["ps_health", "train", "advance"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "channels: reports, barrier" in done.stdout
    assert "it has 3 of " in done.stdout


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ({"protocol": "1"}, 'protocol: expected an integer, got "1"'),
        ({"protocol": 2}, "protocol: expected 1, got 2"),
        ({"name": "x"}, "unknown key name; expected one of type, protocol, implementation"),
        ({"capabilities": "saver"}, 'capabilities: expected a list, got "saver"'),
        ({"capabilities": ["savr"]}, "there is no capability savr (did you mean saver?)"),
        ({"channels": ["report"]}, 'got "report" (did you mean reports?)'),
        ({"channels": []}, "channels: expected at least one; null, or no such key, is all"),
        ({"channels": ["steps", "steps"]}, "channels: expected each once"),
        ({"needs": ["exact"]}, "needs[0]: expected 'kill'"),
        ({"type": "helo"}, "there is none of the kind 'helo' (did you mean hello?)"),
    ],
)
def test_a_wrong_hello_is_explained_in_its_authors_words(says, message):
    done = partial(**says)
    assert done.returncode == 3
    assert message in done.stderr
    assert "docs/driver-protocol.md" in done.stderr
    assert not {"tuple", "discriminator", "pydantic", "Traceback"} & set(done.stderr.split())


def scripted(tmp_path, events):
    script = tmp_path / "traces.json"
    recorded = project.RECORDED.rglob("*.json")
    names = [path.relative_to(project.RECORDED).with_suffix("") for path in recorded]
    script.write_text(json.dumps({str(name): {"events": events, "struck": {}} for name in names}))
    return smoke("scripted.py", str(script))


@pytest.mark.parametrize(
    ("events", "message", "schema"),
    [
        ({}, "events: expected a list, got a mapping of 0", "schemas/trace.json#"),
        ([{"kind": "stp"}], "none of the kind 'stp' (did you mean step?)", "schemas/trace.json#"),
        ([{"lane": "main"}], "the key kind is missing", "schemas/trace.json#"),
        (
            [{"kind": "step", "ms": "0", "lane": "main", "worker": 0, "global_step": 1}],
            'events[0].ms: expected an integer, got "0"',
            "schemas/trace.json#/$defs/StepEvent",
        ),
    ],
)
def test_a_wrong_event_is_explained_with_its_place_in_the_schema(tmp_path, events, message, schema):
    done = scripted(tmp_path, events)
    assert done.returncode == 3
    assert message in done.stdout
    assert schema in done.stdout


def test_a_driver_that_skips_everything_has_shown_nothing():
    done = smoke("skipping.py")
    assert done.returncode == 3
    assert "it skipped all of" in done.stdout
    assert "needs a barrier" in done.stdout


def test_a_command_that_is_none_is_told_what_it_may_have_meant():
    done = monolith_parity("smoke", "rusty")
    assert done.returncode == 3
    assert "there is no program rusty (did you mean rust?)" in done.stderr
