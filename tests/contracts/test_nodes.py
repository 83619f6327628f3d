"""Addresses of this machine, and whether others answer: hosts of several addresses, odd ones."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from monolith_hooks import net_utils
from monolith_hooks.net_utils import NodeAliveChecker
from tests.contracts.stages import PATIENCE

Entry = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]

CLOSED = 1
"""A port that is reserved, and that nothing listens on."""


@pytest.fixture
def stage(request):
    return request.getfixturevalue("system_stage")


class Names:
    """A resolver of some names, which gives the rest to the system's."""

    def __init__(self) -> None:
        self.ips: dict[str, list[str]] = {}
        self.ports: dict[str, list[int]] = {}
        """Ports by name, one for each address, in place of the one asked for."""
        self.asked: list[tuple[str, int]] = []
        self._real = socket.getaddrinfo

    def resolve(self, host: str, port: int | None, family: int = 0, *rest: int) -> list[Entry]:
        self.asked.append((host, int(family)))
        if host not in self.ips:
            if host.endswith(".name"):
                raise socket.gaierror(f"no such name: {host}")
            return self._real(host, port, family, *rest)  # type: ignore[return-value]
        ips = self.ips[host]
        ports = self.ports.get(host, [port or 0] * len(ips))
        return [
            (
                socket.AF_INET6 if ":" in ip else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (ip, number),
            )
            for ip, number in zip(ips, ports, strict=True)
        ]


@pytest.fixture
def names(monkeypatch):
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.resolve)
    return names


class Listener:
    """A socket that counts who connects to it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self.addr = f"127.0.0.1:{self.port}"

    def accepted(self) -> int:
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                count += 1
        return count

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listeners() -> Iterator[list[Listener]]:
    all_of_them = [Listener() for _ in range(3)]
    yield all_of_them
    for each in all_of_them:
        each.close()


def seen(checker: NodeAliveChecker) -> tuple[list[str], list[str], bool]:
    return checker.get_alive_nodes(), checker.get_dead_nodes(), checker.all_nodes_alive()


@pytest.mark.covers("B44e")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_host_is_alive_if_any_of_its_addresses_accepts(names, listeners, place):
    names.ips["many.name"] = ["127.0.0.1"] * 3
    names.ports["many.name"] = [CLOSED] * 3
    names.ports["many.name"][place] = listeners[0].port
    checker = NodeAliveChecker(["many.name:80"])
    assert seen(checker) == (["many.name:80"], [], True)
    assert listeners[0].accepted() == 1


@pytest.mark.covers("B44e", "B44f")
def test_a_host_is_dead_if_none_of_its_addresses_accepts_or_its_name_is_nobodys(names, capsys):
    names.ips["many.name"] = ["127.0.0.1", "127.0.0.1"]
    names.ips["void.name"] = []
    addrs = [f"{host}:{CLOSED}" for host in ("many.name", "void.name", "gone.name")]
    assert seen(NodeAliveChecker(addrs)) == ([], addrs, False)
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.partition(": ")[0] for line in lines) == sorted(addrs)


@pytest.mark.covers("B44d", "B44g", "B44h")
@pytest.mark.parametrize("num_thread", [1, 2, 10])
def test_lists_and_the_whole_agree_whatever_was_given(listeners, num_thread):
    good = [each.addr for each in listeners]
    bad = [f"127.0.0.1:{CLOSED}", "nonsense", "::1:80", "127.0.0.1:65536", ""]
    for addrs in (
        [],
        good,
        bad,
        [good[0]] * 3,
        [bad[0]] * 3,
        [good[0], good[0], good[1]],
        [bad[1], good[2], bad[0], good[0], bad[1], good[2]],
        [*bad, *good, *bad, *good],
    ):
        for each in listeners:
            each.accepted()
        checker = NodeAliveChecker(iter(addrs), num_thread=num_thread)
        once = list(dict.fromkeys(addrs))
        alive = [addr for addr in once if addr in good]
        dead = [addr for addr in once if addr in bad]
        assert checker.get_addrs() == addrs
        assert seen(checker) == (alive, dead, not dead)
        assert [each.accepted() for each in listeners] == [int(a in addrs) for a in good]
        assert seen(checker) == (alive, dead, not dead)
        assert sum(each.accepted() for each in listeners) == 0, "a look tries nobody again"


@pytest.mark.covers("B44h")
@pytest.mark.parametrize("repeated", [1, 2])
def test_without_threads_nobody_is_tried_and_all_are_alive(listeners, repeated):
    addrs = [listeners[0].addr, f"127.0.0.1:{CLOSED}"] * repeated
    checker = NodeAliveChecker(addrs, num_thread=0)
    assert seen(checker) == ([], [], True)
    assert checker.get_addrs() == addrs
    assert listeners[0].accepted() == 0


@pytest.mark.covers("B44d")
def test_a_result_is_of_the_construction_and_what_is_given_away_is_a_copy(listeners):
    addr = listeners[0].addr
    given = [addr]
    checker = NodeAliveChecker(given)
    listeners[0].close()
    given.append("nonsense")
    checker.get_addrs().append("nonsense")
    checker.get_alive_nodes().clear()
    assert (seen(checker), checker.get_addrs()) == (([addr], [], True), [addr])
    assert seen(NodeAliveChecker([addr])) == ([], [addr], False)


def test_as_many_are_tried_at_a_time_as_there_are_threads_and_the_order_is_that_given(monkeypatch):
    everybody = threading.Barrier(3)

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        assert timeout == 7
        everybody.wait(PATIENCE)
        if address[1] % 2:
            raise TimeoutError("timed out")
        return socket.socket()

    monkeypatch.setattr(socket, "create_connection", connect)
    addrs = [f"host:{port}" for port in (5, 4, 3, 2, 1, 6)]
    checker = NodeAliveChecker(addrs, timeout=7, num_thread=3)
    assert seen(checker) == (["host:4", "host:2", "host:6"], ["host:5", "host:3", "host:1"], False)


@pytest.mark.parametrize(
    ("addr", "parsed"),
    [
        ("host:80", ("host", 80)),
        ("a.b-c:0", ("a.b-c", 0)),
        ("10.0.0.1:65535", ("10.0.0.1", 65535)),
        ("[::1]:00080", ("::1", 80)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
    ],
)
def test_an_address_is_a_host_and_a_port(addr, parsed):
    assert net_utils.parse_addr(addr) == parsed


@pytest.mark.covers("B44e")
@pytest.mark.parametrize(
    "addr",
    [
        *("", ":", "host", "host:", ":80", "[]:80", "::1:80", "[::1]", "[::1]80", "host:65536"),
        *("host:-1", "host:+80", "host:http", "host:²", " host:80", "host:80\n", "ho st:80"),
    ],
)
def test_what_is_no_address_is_a_value_error_and_a_dead_node(addr):
    with pytest.raises(ValueError, match="not an address"):
        net_utils.parse_addr(addr)
    assert seen(NodeAliveChecker([addr])) == ([], [addr], False)


@pytest.mark.covers("B44a", "B44b")
@pytest.mark.parametrize(
    ("ips", "addr"),
    [
        (["10.0.0.1", "10.0.0.2"], "10.0.0.1:80"),
        (["10.0.0.2", "10.0.0.1", "fd00::1"], "10.0.0.2:80"),
        (["fd00::1", "10.0.0.1"], "[fd00::1]:80"),
        (["fe80::1%eth0"], "[fe80::1%eth0]:80"),
    ],
)
def test_the_local_address_is_the_first_of_the_hosts_name(names, monkeypatch, ips, addr):
    monkeypatch.setattr(socket, "gethostname", lambda: "this.name")
    names.ips["this.name"] = ips
    assert net_utils.get_local_server_addr(80) == addr
    assert net_utils.is_ipv4_supported() == (not addr.startswith("["))
    assert {host for host, _ in names.asked} == {"this.name"}
    assert {family for _, family in names.asked} == {0}


@pytest.mark.covers("B44c")
def test_a_name_that_does_not_resolve_is_asked_again_for_ipv6_alone(names, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "this.name")
    with pytest.raises(socket.gaierror):
        net_utils.get_local_ip()
    assert names.asked == [("this.name", 0), ("this.name", socket.AF_INET6)]

    def resolve(host: str, port: int | None, family: int = 0) -> list[Entry]:
        if not family:
            raise socket.gaierror("try again")
        names.ips[host] = ["fd00::2", "fd00::1"]
        return names.resolve(host, port, family)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert net_utils.get_local_server_addr(80) == "[fd00::2]:80"


@pytest.mark.covers("B44b")
def test_an_ipv6_address_is_in_brackets_and_may_have_a_zone():
    for ip in ("::", "::1", "fe80::1%eth0", "fe80::1%1", "::ffff:10.0.0.1", "FD00::A"):
        assert net_utils.is_ipv6_address(ip), ip
        assert net_utils.concat_ip_and_port(ip, 80) == f"[{ip}]:80"
    for ip in ("10.0.0.1", "host", "", "[::1]", "::1:x", "1:2", ":::", "fe80::1%", "10.0.0.1%e"):
        assert not net_utils.is_ipv6_address(ip), ip
        assert net_utils.concat_ip_and_port(ip, 0) == f"{ip}:0"
