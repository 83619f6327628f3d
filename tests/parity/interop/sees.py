"""A peer that sees this machine as it is, but for what it is told. Not a test module."""

from __future__ import annotations

import ast
import time
from pathlib import Path

from monolith_hooks import net_utils
from parity.interop.looking import BY_STEPS, BY_TIME, CANDIDATES, JOINED
from parity.interop.peers.python_messages import encode
from parity.spec.interop import (
    Looked,
    LookedBarrier,
    LookedCheckpoints,
    LookedGraphs,
    LookedInfo,
)

EXISTING = (2, 3, 4, 10)
STEPS = (12, 0, None, None, 7, 8, 10, None, None, 2, 7, 2, None, None, 0, None)
OUT_OF_MEMORY = "tensorflow.monolith_tf.MachineHealthResult"


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
            "exempt": exempt(Path(look.basename).parent),
        }
        graphs = {
            "second_barrier": "ValueError",
            "second_controller": "ValueError",
            "infos": infos(look),
            "inputs": tuple(restored(*pair) for pair in look.inputs),
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
        kept = {key: value for key, value in self.otherwise.items() if key in graphs}
        return Looked(
            **{**seen, **told},
            checkpoints=LookedCheckpoints(**{**checkpoints, **named}),
            graphs=LookedGraphs(**{**graphs, **kept}),
        )


def named_in(state):
    if not state.exists():
        return None
    # A text of protobuf's text format has the escapes of Python's bytes.
    path = ast.literal_eval("b" + state.read_text().partition(" ")[2])
    return str(state.parent / path.decode())


def exempt(folder):
    """The exempt paths of a folder that are checkpoints, if it has a file of them."""
    file = folder / "monolith_checkpoint"
    if not file.exists():
        return None
    lines = file.read_text().splitlines()
    paths = [folder / line.split('"')[1] for line in lines if line.startswith("exempt")]
    return tuple(str(path) for path in paths if path.exists() or Path(f"{path}.index").exists())


def infos(look):
    """What a session's info says before and after each assignment."""
    if not look.infos:
        return ()
    return tuple(LookedInfo(step=step, saved=step or 0) for step in (None, *look.infos))


def restored(saved, there):
    """What restored iterators give, where so many were saved."""
    if saved == 0:
        return (0,) * there
    return tuple(range(1, there + 1)) if there <= saved else None


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
