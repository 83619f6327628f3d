"""What a peer says of checkpoints, their info and their inputs, held against what holds."""

from __future__ import annotations

import pytest

from parity.interop.checkpoints import checkpoints
from parity.spec.interop import LookedInfo
from tests.parity.interop.sees import Sees


def test_a_peer_that_sees_what_we_see_is_right(tmp_path):
    assert list(checkpoints(Sees(), tmp_path)) == []


@pytest.mark.parametrize(
    ("otherwise", "said"),
    [
        ({"existing": (2, 5, 10)}, "steps with a checkpoint"),
        ({"steps": (0, 0, 0, None, None)}, "steps of prefixes"),
        ({"asset_dir": "x"}, "folder of assets"),
        ({"latest": "m-10"}, "latest state of step 10, look 1: expected None"),
        ({"exempt": ()}, "exempt paths without a file: expected None"),
        ({"exempt": None}, "exempt paths: expected"),
        ({"infos": (LookedInfo(step=None, saved=3),)}, "info and inputs' steps"),
        ({"inputs": ((1,),)}, "restored inputs"),
    ],
)
def test_what_is_seen_otherwise_is_said(otherwise, said, tmp_path):
    assert said in "\n".join(checkpoints(Sees(**otherwise), tmp_path))
