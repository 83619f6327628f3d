"""What a peer says of its machine, its checkpoints and its barrier, held against the case."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest

from monolith_hooks import net_utils
from parity.base.host import has
from parity.interop.cases.steps import BarrierIs, CheckpointsAre, Ipv6IsSeen, MachineIsSeen
from parity.interop.looking import BY_STEPS, BY_TIME, CANDIDATES, JOINED, check_look
from parity.interop.peers.python_messages import encode
from parity.spec.interop import Looked, LookedBarrier, LookedCheckpoints

EXISTING = (2, 3, 4, 10)
STEPS = (12, 0, None, None, 7, 8, 10, None, None, 2, 7, 2, None, None, 0, None)
OUT_OF_MEMORY = "tensorflow.monolith_tf.MachineHealthResult"


BARRIER = {"removed": True, "none_blocked": False, "unblocked": (0, 2), "refused": (0, 3)}


class Sees:
    """A peer that sees this machine as it is, but for what it is told."""

    can_look = True
    name = "sees"

    def __init__(self, **otherwise):
        self.otherwise = otherwise
        self.kept = {}

    def latest(self, look):
        """The newest of a folder's checkpoints, by the state that is kept."""
        folder = Path(look.basename).parent
        if look.latest_step is not None:
            step, kept = self.kept.get(folder, (look.latest_step, None))
            if kept is None or look.latest_step > step:
                self.kept[folder] = look.latest_step, named_in(folder / "checkpoint")
        return self.kept.get(folder, (0, None))[1]

    def look(self, look):
        given = dict.fromkeys(look.addrs)
        dead = ("127.0.0.1:1", "no address")
        alive = tuple(a for a in given if a not in dead and not a.startswith("none:"))
        has_state = (Path(look.basename).parent / "checkpoint").is_file()
        checkpoints = {
            "prefix": f"{look.basename}-7",
            "asset_dir": f"{look.basename}-7.assets/",
            "existing": EXISTING if has_state else None,
            "restored": None,
            "steps": STEPS[: len(look.prefixes)],
            "latest": self.latest(look),
        }
        own = dict(look.resolves).get("")
        seen = {
            "server_addr": (
                net_utils.concat_ip_and_port(own[0], look.port)
                if own
                else net_utils.get_local_server_addr(look.port)
            ),
            "ipv4": ":" not in own[0] if own else net_utils.is_ipv4_supported(),
            "addrs": look.addrs,
            "alive": alive,
            "dead": tuple(dict.fromkeys(addr for addr in look.addrs if addr not in alive)),
            "all_alive": set(alive) == set(look.addrs),
            "valid": tuple(CANDIDATES[each] for each in look.candidates),
            "joined": tuple(JOINED[each] for each in look.hosts),
            "health_hex": health(look, self.otherwise.pop("memory", 5 << 20)),
            "timer": timer(look),
            "no_capacity": "capacity must be positive, it is 0.",
            "now_ms": int(time.time() * 1000),
            "barrier": LookedBarrier(
                removed=True, none_blocked=False, unblocked=(0, 2), refused=(0, 3)
            ),
        }
        named = {key: value for key, value in self.otherwise.items() if key in checkpoints}
        told = {key: value for key, value in self.otherwise.items() if key in seen}
        return Looked(**{**seen, **told}, checkpoints=LookedCheckpoints(**{**checkpoints, **named}))


def named_in(state):
    if not state.exists():
        return None
    # A text of protobuf's text format has the escapes of Python's bytes.
    path = ast.literal_eval("b" + state.read_text().partition(" ")[2])
    return str(state.parent / path.decode())


def health(look, memory):
    limits = {}
    for name, limit in look.machines:
        limits.setdefault(name, (limit if limit is not None else look.default_limit))

    def polled(limit):
        if limit is None or limit > memory:
            return ""
        message = f"Memory limit exceeded. Current: {memory}, Limit: {limit}"
        return encode(OUT_OF_MEMORY, {"status": 1, "message": message}).hex

    return tuple(polled(limits[name]) for name, _ in look.machines)


def timer(look):
    """What the calls of a timer answer: those by steps, or those by time."""
    answers = BY_STEPS if look.every_steps else BY_TIME
    return tuple(answers[call] for call in look.timer)


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
        ({"timer": (True,)}, "timer each second"),
        ({"memory": 1025}, "whole KiB from 1 MiB on, got 1025"),
        ({"memory": 1024}, "whole KiB from 1 MiB on, got 1024"),
        ({"existing": (2, 5, 10)}, "steps with a checkpoint"),
        ({"steps": (0, 0, 0, None, None)}, "steps of prefixes"),
        ({"asset_dir": "x"}, "folder of assets"),
        ({"now_ms": 123_456}, "seconds since the epoch"),
        ({"latest": "m-10"}, "latest state of step 10, look 1: expected None"),
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
