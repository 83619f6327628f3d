"""The tables of the documentation have every event and message of ``parity.spec``, and no other."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from parity.base import project
from parity.spec import protocol
from parity.spec.trace import CHANNEL_OF_KIND, Event

TRACES = (project.ROOT / "docs" / "trace-format.md").read_text(encoding="utf-8")
PROTOCOL = (project.ROOT / "docs" / "driver-protocol.md").read_text(encoding="utf-8")
EVENTS = {event.model_fields["kind"].default: event for event in get_args(get_args(Event)[0])}
ROW = re.compile(r"^\| `(?P<kind>\w+)` \| (?P<channel>\w+) \| (?P<fields>[^|]*) \|", re.MULTILINE)
ROWS = {row["kind"]: row for row in ROW.finditer(TRACES)}


def types_of(union):
    members = get_args(get_args(union)[0]) or get_args(union)
    return {get_args(each.model_fields["type"].annotation)[0] for each in members}


def test_every_kind_of_event_has_a_row_with_its_channel():
    assert {kind: row["channel"] for kind, row in ROWS.items()} == CHANNEL_OF_KIND
    assert EVENTS.keys() == ROWS.keys()


@pytest.mark.parametrize("kind", EVENTS)
def test_the_row_of_an_event_names_its_fields(kind):
    fields = EVENTS[kind].model_fields.keys() - {"kind", "lane", "ms"}
    named = re.findall(r"`(\w+)`", ROWS[kind]["fields"])
    assert fields <= set(named)


@pytest.mark.parametrize("union", ["Request", "AnyAnswer"])
def test_every_message_of_the_driver_protocol_is_shown(union):
    shown = set(re.findall(r'"type": "(\w+)"', PROTOCOL))
    types = types_of(getattr(protocol, union))
    assert types
    assert types <= shown
