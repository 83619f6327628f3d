from __future__ import annotations

import pytest
from rich.console import Console

from parity.base.problems import UsageError
from parity.campaign import command
from parity.campaign.command import CampaignOptions, campaign
from tests.parity.campaign.histories import call, history


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1", "expected a plan or a history of a campaign"),
        (
            '{"seed": 0, "setup": "options", "calls": {}, "faults": []}',
            "calls: expected at least 1",
        ),
        ('{"sed": 0}', r"unknown key sed \(did you mean seed\?\)"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_before_anything_is_played(tmp_path, text, said):
    plan, out = tmp_path / "plan.json", tmp_path / "out"
    plan.write_text(text)
    options = CampaignOptions(
        seed=0, runs=1, setup="options", workers=1, out=out, replay=plan, shrink=0
    )
    with pytest.raises(UsageError, match=said):
        campaign(options, Console())
    assert not out.exists()


class NoProcess:
    """In place of the process that starts others."""

    def close(self):
        pass


@pytest.mark.parametrize(
    ("calls", "untested"),
    [
        ((call("stop", 1000),), True),
        ((call("save", 1000), call("look", 5000, blocked=(0, 1))), False),
    ],
)
def test_a_promise_that_no_run_could_have_broken_is_named(tmp_path, monkeypatch, calls, untested):
    monkeypatch.setattr(command, "Zygote", NoProcess)
    monkeypatch.setattr(command, "play", lambda plan, zygote: history(*calls))
    options = CampaignOptions(
        seed=0, runs=1, setup="options", workers=1, out=tmp_path, replay=None, shrink=0
    )
    console = Console(record=True, width=300)
    campaign(options, console)
    said = console.export_text().partition("No run had an occasion to break: ")[2]
    assert ("a worker that is seen held takes no step" in said) == untested
    assert ("a save that is acknowledged can be restored" in said) == untested
    assert "a PS that is out of memory" in said
