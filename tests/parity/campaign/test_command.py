from __future__ import annotations

import pytest
from rich.console import Console

from parity.base.problems import UsageError
from parity.campaign.command import CampaignOptions, campaign


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
