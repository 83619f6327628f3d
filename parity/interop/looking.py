"""Checks of a peer's observations: its barrier, its checkpoints, and the shared machine."""

from __future__ import annotations

import ipaddress
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from parity.base.host import IPV6_LOOPBACK
from parity.interop.cases.steps import (
    BarrierIs,
    CheckpointsAre,
    InteropLookStep,
    Ipv6IsSeen,
    MachineIsSeen,
)
from parity.interop.checkpoints import checkpoints
from parity.interop.peers.peer import InteropPeer
from parity.interop.peers.python_messages import decode
from parity.interop.report import unequal
from parity.spec.interop import Limits, Look

_HEALTH: Final = "tensorflow.monolith_tf.MachineHealthResult"
_OUT_OF_MEMORY: Final = 1
_MESSAGE: Final = re.compile(
    r"Memory limit exceeded\. Current: (\d+), Limit: (?:0|-9223372036854775808)"
)
_LEAST: Final = 1 << 20
_MOST: Final = 1 << 40
"""Plausible memory of a process: at least 1 MiB, and less than the 1 TiB of any machine."""
_PORT: Final = 4711
_NO_CAPACITY: Final = "capacity must be positive, it is 0."

CANDIDATES: Final = {
    **dict.fromkeys(("127.0.0.1:1", "127.0.0.1:00001", "127.0.0.1:65535"), True),
    **dict.fromkeys(("localhost:1", "[localhost]:1", "[::1]:1"), True),
    **dict.fromkeys(("", ":", ":1", "[]:1", "localhost", "localhost:", "[::1]", "::1:1"), False),
    **dict.fromkeys(("localhost:65536", "localhost:+1", "localhost:-1", "localhost:1_0"), False),
    **dict.fromkeys(("localhost:http", "localhost:\u00b2", "[::1]x:1", "[::1:1"), False),
    **dict.fromkeys((" localhost:1", "localhost:1\n", "local host:1", "local\x1fhost:1"), False),
}
"""Candidates, and True for each that is a valid address; no name is resolved."""
JOINED: Final = {
    "10.0.0.1": f"10.0.0.1:{_PORT}", "host": f"host:{_PORT}", "[::1]": f"[::1]:{_PORT}",
    "::1": f"[::1]:{_PORT}", "fe80::1%eth0": f"[fe80::1%eth0]:{_PORT}",
    "fe80::1%": f"fe80::1%:{_PORT}", "fe80::1%a%b": f"fe80::1%a%b:{_PORT}",
    "fe80::1%a/b": f"fe80::1%a/b:{_PORT}", "10.0.0.1%eth0": f"10.0.0.1%eth0:{_PORT}",
}  # fmt: skip
"""Hosts, and their form with a port."""

_BY_DEFAULT: Final[Limits] = (
    ("low", 0),
    ("low", None),
    ("plain", None),
    ("high", _MOST),
    ("most", (1 << 63) - 1),
    ("least", -1 << 63),
)
_DEFAULT_IS_ZERO: Final[Limits] = (("plain", None), ("high", _MOST), ("high", 0))
_HUNDRED: Final[Limits] = tuple((f"ps {ps}", 0 if ps % 7 == 3 else _MOST) for ps in range(100))


_Calls = dict[tuple[Literal["due", "count", "enable", "disable"], int, int], bool]
BY_STEPS: Final[_Calls] = {
    ("due", 0, 0): True, ("count", 5, 0): True, ("due", 5, 0): False, ("due", 7, 9999): False,
    ("due", 8, 0): True, ("disable", 0, 0): False, ("due", 9, 1): False,
    ("enable", 0, 0): True, ("due", 9, 2): True,
}  # fmt: skip
"""Calls of a timer that is due each 3 steps, in this order, with the expected results."""
BY_TIME: Final[_Calls] = {
    ("disable", 0, 0): False, ("due", 0, 0): False, ("enable", 0, 0): True, ("due", 0, 1): True,
    ("count", 5, 100): True, ("due", 5, 1100): False, ("due", 99, 1099): False,
    ("due", 6, 1100): True, ("due", 6, 1101): True,
}  # fmt: skip
"""Calls of a timer that is due each second, for a step after the one it counts from."""

_OWN: Final = {
    ("::1", "10.1.2.3"): f"[::1]:{_PORT}",
    ("10.1.2.3", "::1"): f"10.1.2.3:{_PORT}",
}
"""Addresses of a host, in the resolver's order, and the address of a server on it."""
_CLOCK_SLACK: Final = 60
"""Seconds that a peer's clock may differ from this process's."""


def check_look(peer: InteropPeer, step: InteropLookStep, model_dir: Path) -> Iterator[str]:
    """Yield a sentence for each observation of a peer that differs from the step's.

    Raises:
        PeerError: The peer can't look.
    """
    match step:
        case BarrierIs():
            barrier = peer.look(Look(port=_PORT)).barrier
            seen = barrier and barrier.model_dump()
            yield from unequal("barrier", step.model_dump(), seen)
        case CheckpointsAre(steps=steps):
            asked = Look(port=_PORT, basename=f"{model_dir}/model.ckpt")
            there = peer.look(asked).checkpoints
            yield from unequal("steps with a checkpoint", steps, there.existing)
            yield from unequal("restored step", steps[-1], there.restored)
        case MachineIsSeen():
            yield from _machine(peer)
        case Ipv6IsSeen():
            yield from _ipv6(peer)


def _machine(peer: InteropPeer) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        alive = f"127.0.0.1:{listener.getsockname()[1]}"
        dead, junk = "127.0.0.1:1", "no address"
        asked = (dead, alive, junk, dead)
        by_default = Look(port=_PORT, addrs=asked, machines=_BY_DEFAULT)
        seen = peer.look(by_default)
        ip = own_address()
        is_ipv4 = ip.version == 4
        ours = f"{ip}:{_PORT}" if is_ipv4 else f"[{ip}]:{_PORT}"
        yield from unequal("error of capacity 0", _NO_CAPACITY, seen.no_capacity)
        yield from unequal("error of a second barrier", "ValueError", seen.graphs.second_barrier)
        second = seen.graphs.second_controller
        yield from unequal("error of a second controller", "ValueError", second)
        yield from unequal("address of a server", ours, seen.server_addr)
        yield from unequal("IPv4", is_ipv4, seen.ipv4)
        yield from unequal("addresses", asked, seen.addrs)
        yield from unequal("alive", (alive,), seen.alive)
        yield from unequal("dead", (dead, junk), seen.dead)
        yield from unequal("all alive", False, seen.all_alive)
        yield from _health([True, True, False, False, False, True], seen.health_hex)
        by_name = [alive.replace("127.0.0.1", name) for name in ("localhost", "[localhost]")]
        again = peer.look(Look(port=_PORT, addrs=(alive, *by_name)))
        yield from unequal("all alive of three that are", True, again.all_alive)
        twice = peer.look(Look(port=_PORT, addrs=(alive, alive)))
        yield from unequal("alive of one that is given twice", (alive,), twice.alive)
        yield from unequal("all alive of one that is given twice", True, twice.all_alive)
        yield from _names(peer, alive)
    yield from _addresses(peer)
    yield from _clock(peer)
    with tempfile.TemporaryDirectory(prefix="parity-interop-") as folder:
        yield from checkpoints(peer, Path(folder))
    yield from _timer(peer)
    zero = peer.look(Look(port=_PORT, default_limit=0, machines=_DEFAULT_IS_ZERO))
    yield from _health([True, False, False], zero.health_hex)
    hundred = peer.look(Look(port=_PORT, machines=_HUNDRED))
    yield from _health([limit == 0 for _, limit in _HUNDRED], hundred.health_hex)


def _timer(peer: InteropPeer) -> Iterator[str]:
    calls, wanted = tuple(BY_STEPS), tuple(BY_STEPS.values())
    by_steps = peer.look(Look(port=_PORT, every_steps=3, timer=calls)).timer
    yield from unequal("timer each 3 steps", wanted, by_steps)
    calls, wanted = tuple(BY_TIME), tuple(BY_TIME.values())
    by_time = peer.look(Look(port=_PORT, every_ms=1000, timer=calls)).timer
    yield from unequal("timer each second", wanted, by_time)


def _names(peer: InteropPeer, alive: str) -> Iterator[str]:
    """Check names that resolve to several addresses, of which the second alone answers."""
    port = alive.rpartition(":")[2]
    several, none = f"several:{port}", f"none:{port}"
    for ours, address in _OWN.items():
        names = (("several", ("127.0.0.2", "127.0.0.1")), ("none", ()), ("", ours))
        seen = peer.look(Look(port=_PORT, addrs=(several, none), resolves=names))
        yield from unequal("alive by its second address", (several,), seen.alive)
        yield from unequal("dead without an address", (none,), seen.dead)
        yield from unequal(f"address where the host has {ours}", address, seen.server_addr)
        yield from unequal(f"IPv4 where the host has {ours}", ":" not in ours[0], seen.ipv4)


def _clock(peer: InteropPeer) -> Iterator[str]:
    before = time.time()
    seen = peer.look(Look(port=_PORT)).now_ms / 1000
    if not before - _CLOCK_SLACK < seen < time.time() + _CLOCK_SLACK:
        yield f"system clock: expected seconds since the epoch, {before:.0f}, got {seen:.0f}"


def own_address() -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the first address of this host's name, or if that fails its first IPv6 one (B44)."""
    host = socket.gethostname()
    try:
        found = socket.getaddrinfo(host, None)
    except socket.gaierror:
        found = socket.getaddrinfo(host, None, socket.AF_INET6)
    return ipaddress.ip_address(found[0][4][0])


def _addresses(peer: InteropPeer) -> Iterator[str]:
    seen = peer.look(Look(port=_PORT, candidates=tuple(CANDIDATES), hosts=tuple(JOINED)))
    yield from unequal("number of candidates", len(CANDIDATES), len(seen.valid))
    for (addr, wanted), got in zip(CANDIDATES.items(), seen.valid, strict=False):
        yield from unequal(f"{addr!r} is an address", wanted, got)
    yield from unequal("hosts with a port", tuple(JOINED.values()), seen.joined)


def _ipv6(peer: InteropPeer) -> Iterator[str]:
    with socket.create_server((IPV6_LOOPBACK, 0), family=socket.AF_INET6) as listener:
        addr = f"[{IPV6_LOOPBACK}]:{listener.getsockname()[1]}"
        seen = peer.look(Look(port=_PORT, addrs=(addr,)))
        yield from unequal("alive by IPv6", (addr,), seen.alive)


def _health(unhealthy: list[bool], polled: tuple[str, ...]) -> Iterator[str]:
    yield from unequal("number of machines", len(unhealthy), len(polled))
    for number, (bad, hex_bytes) in enumerate(zip(unhealthy, polled, strict=False)):
        if not bad:
            yield from unequal(f"health of machine {number}", "", hex_bytes)
            continue
        fields = decode(_HEALTH, hex_bytes).fields or {}
        said = _MESSAGE.fullmatch(fields.get("message") or "")
        if fields.get("status") != _OUT_OF_MEMORY or said is None:
            yield f"health of machine {number}: expected OUT_OF_MEMORY, got {fields}"
        elif int(said[1]) % 1024 or not _LEAST <= int(said[1]) <= _MOST:
            yield f"memory of machine {number}: expected whole KiB from 1 MiB on, got {said[1]}"
