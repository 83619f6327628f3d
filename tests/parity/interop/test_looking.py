"""What a peer says of its machine and its barrier, held against the case."""

from __future__ import annotations

from pathlib import Path

import pytest

from monolith_hooks import net_utils
from parity.base.host import has
from parity.interop.cases.steps import BarrierIs, CheckpointsAre, Ipv6IsSeen, MachineIsSeen
from parity.interop.looking import CANDIDATES, check_look
from tests.parity.interop.sees import Sees


def seen_otherwise(peer, step=None):
    return list(check_look(peer, step or MachineIsSeen(), Path("/models/m")))


def test_a_peer_that_sees_what_we_see_is_right():
    assert seen_otherwise(Sees()) == []


@pytest.mark.parametrize(
    ("otherwise", "said"),
    [
        ({"server_addr": "xyzzy"}, "address of a server"),
        ({"ipv4": not net_utils.is_ipv4_supported()}, "IPv4"),
        ({"dead": ()}, "dead"),
        ({"all_alive": True}, "all alive"),
        ({"valid": (False,) * len(CANDIDATES)}, "'127.0.0.1:1' is an address: expected True"),
        ({"joined": ()}, "hosts with a port"),
        ({"health_hex": ()}, "number of machines"),
        ({"no_capacity": None}, "error of capacity 0"),
        ({"second_barrier": None}, "error of a second barrier: expected 'ValueError', got None"),
        ({"second_controller": "KeyError"}, "error of a second controller"),
        ({"timer": (True,)}, "timer each second"),
        ({"memory": 1025}, "whole KiB from 1 MiB on, got 1025"),
        ({"memory": 1024}, "whole KiB from 1 MiB on, got 1024"),
        ({"now_ms": 123_456}, "seconds since the epoch"),
        ({"alive": ()}, "alive"),
    ],
)
def test_what_is_seen_otherwise_is_said(otherwise, said):
    assert said in "\n".join(seen_otherwise(Sees(**otherwise)))


@pytest.mark.skipif(not has("ipv6"), reason="needs ipv6: this host has no IPv6 loopback")
def test_who_answers_by_ipv6_is_a_case_of_its_own():
    assert seen_otherwise(Sees(), Ipv6IsSeen()) == []
    assert "alive by IPv6" in seen_otherwise(Sees(alive=()), Ipv6IsSeen())[0]


def test_what_the_barrier_says_otherwise_of_itself_is_said():
    right = BarrierIs(removed=True, none_blocked=False, unblocked=(0, 2), refused=(0, 3))
    assert seen_otherwise(Sees(), right) == []
    wrong = BarrierIs(removed=True, none_blocked=True, unblocked=(0, 2), refused=(0, 3))
    assert "got {'removed': True, 'none_blocked': False" in seen_otherwise(Sees(), wrong)[0]
    assert seen_otherwise(Sees(barrier=None), right)


def test_the_last_checkpoint_is_the_one_that_is_restored():
    step = CheckpointsAre(steps=(4, 7))
    assert seen_otherwise(Sees(existing=(4, 7), restored=7), step) == []
    assert "restored step: expected 7" in seen_otherwise(Sees(existing=(4, 7), restored=4), step)[0]
