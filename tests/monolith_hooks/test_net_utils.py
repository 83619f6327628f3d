from __future__ import annotations

import ipaddress
import socket
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monolith_hooks import net_utils

IPV4 = st.ip_addresses(v=4).map(str)
IPV6 = st.ip_addresses(v=6).map(str)


@given(ip=IPV4, port=st.integers(0, 65535))
def test_an_ipv4_address_stands_before_its_port(ip, port):
    assert not net_utils.is_ipv6_address(ip)
    assert net_utils.concat_ip_and_port(ip, port) == f"{ip}:{port}"


@pytest.mark.covers("B44b")
@given(ip=IPV6, port=st.integers(0, 65535))
def test_an_ipv6_address_is_in_brackets(ip, port):
    for written in (ip, ipaddress.IPv6Address(ip).exploded):
        assert net_utils.is_ipv6_address(written)
        assert net_utils.concat_ip_and_port(written, port) == f"[{written}]:{port}"


@pytest.mark.parametrize("text", ["", "host", "[::1]", "::1:x", "1:2", ":::", "fe80::1%"])
def test_what_is_not_an_ipv6_address(text):
    assert not net_utils.is_ipv6_address(text)


def test_a_zone_belongs_to_an_ipv6_address():
    assert net_utils.concat_ip_and_port("fe80::1%eth0", "80") == "[fe80::1%eth0]:80"


def entry(ip: str) -> tuple:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    return (family, socket.SOCK_STREAM, 6, "", (ip, 0))


@pytest.fixture
def names(monkeypatch):
    """A resolver that answers with what is put under each family, or fails."""
    answers: dict[int, list[str]] = {}

    def resolve(host, port, family=0, *args, **kwargs):
        assert host == "this-host"
        if family not in answers:
            raise socket.gaierror(f"family {int(family)}")
        return [entry(ip) for ip in answers[family]]

    monkeypatch.setattr(socket, "gethostname", lambda: "this-host")
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return answers


@pytest.mark.covers("B44a")
def test_the_local_address_is_the_first_that_the_hosts_name_resolves_to(names):
    names[0] = ["10.0.0.1", "fd00::1"]
    assert net_utils.get_local_ip() == "10.0.0.1"
    assert net_utils.get_local_server_addr(80) == "10.0.0.1:80"
    assert net_utils.is_ipv4_supported()


@pytest.mark.covers("B44a", "B44b")
def test_the_first_may_be_an_ipv6_address(names):
    names[0] = ["fd00::1", "10.0.0.1"]
    assert net_utils.get_local_server_addr(80) == "[fd00::1]:80"
    assert not net_utils.is_ipv4_supported()


@pytest.mark.covers("B44c")
def test_a_name_that_does_not_resolve_is_asked_once_more_for_ipv6(names):
    names[socket.AF_INET6] = ["fd00::2"]
    assert net_utils.get_local_server_addr(80) == "[fd00::2]:80"


@pytest.mark.covers("B44c")
def test_a_name_that_never_resolves_is_an_error(names):
    with pytest.raises(socket.gaierror, match=f"family {int(socket.AF_INET6)}"):
        net_utils.get_local_server_addr(80)


@pytest.fixture
def listeners():
    """The addresses of two listeners, and one that nobody listens on."""
    with ExitStack() as opened:
        addrs = []
        for _ in range(3):
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
            addrs.append(f"127.0.0.1:{listener.getsockname()[1]}")
        # Bound and not listening any more: nobody else can get the port meanwhile.
        listener.close()
        holder = opened.enter_context(socket.socket())
        holder.bind(("127.0.0.1", int(addrs[2].rpartition(":")[2])))
        yield addrs


@pytest.mark.covers("B44e")
def test_nodes_that_listen_are_alive_and_the_order_is_kept(listeners):
    first, second, dead = listeners
    checker = net_utils.NodeAliveChecker([second, dead, first])
    assert checker.get_alive_nodes() == [second, first]
    assert checker.get_dead_nodes() == [dead]
    assert checker.get_addrs() == [second, dead, first]
    assert not checker.all_nodes_alive()


@pytest.mark.covers("B44d")
def test_each_address_is_tried_once_and_not_again_when_asked():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        addr = f"127.0.0.1:{listener.getsockname()[1]}"
        checker = net_utils.NodeAliveChecker([addr, addr])
        listener.accept()[0].close()
        assert checker.get_alive_nodes() == [addr]
        assert checker.get_dead_nodes() == []
        assert checker.all_nodes_alive()
        listener.settimeout(0.05)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_all_are_alive_if_none_is_dead(listeners):
    assert net_utils.NodeAliveChecker(listeners[:2], num_thread=1).all_nodes_alive()
    assert net_utils.NodeAliveChecker([]).all_nodes_alive()


def test_a_node_is_known_by_its_ipv6_address():
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as error:
        pytest.skip(f"needs ipv6: this host has no IPv6 loopback: {error}")
    with listener:
        addr = f"[::1]:{listener.getsockname()[1]}"
        assert net_utils.NodeAliveChecker([addr]).get_alive_nodes() == [addr]


@pytest.mark.covers("B44e", "B44f")
@pytest.mark.parametrize("addr", ["", "host", "host:", ":80", "host:http", "::1:80", "[]:80"])
def test_what_is_not_an_address_is_dead_and_standard_output_says_why(addr, capsys):
    checker = net_utils.NodeAliveChecker([addr])
    assert checker.get_dead_nodes() == [addr]
    assert not checker.all_nodes_alive()
    assert capsys.readouterr().out.startswith(f"{addr}: ")


@pytest.mark.covers("B44e")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # CPython's socket.
@pytest.mark.parametrize(
    ("addr", "timeout"), [("127.0.0.1:1", 1e300), (None, 1), (b"127.0.0.1:1", 1)]
)
def test_whatever_keeps_it_from_connecting_makes_it_dead(addr, timeout):
    assert net_utils.NodeAliveChecker([addr], timeout=timeout).get_dead_nodes() == [addr]


@pytest.mark.covers("B44g")
def test_an_address_that_is_given_twice_counts_once(listeners):
    first, _, dead = listeners
    checker = net_utils.NodeAliveChecker([first, dead, first, dead])
    assert (checker.get_alive_nodes(), checker.get_dead_nodes()) == ([first], [dead])
    assert checker.get_addrs() == [first, dead, first, dead]


@pytest.mark.covers("B44h")
def test_without_threads_nobody_is_asked_and_all_are_said_to_be_alive(listeners):
    checker = net_utils.NodeAliveChecker(listeners, num_thread=0)
    assert (checker.get_alive_nodes(), checker.get_dead_nodes()) == ([], [])
    assert checker.all_nodes_alive()
