from __future__ import annotations

import contextlib
import errno
import socket

import pytest

from parity.players.cluster.cluster import HeldPorts


@contextlib.contextmanager
def held(count):
    ports = HeldPorts(count)
    try:
        yield ports
    finally:
        ports.close()


def port_of(address):
    return int(address.split(":")[1])


def test_each_port_is_held_once():
    with held(20) as some, held(20) as others:
        assert len({*some.addresses(), *others.addresses()}) == 40


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"])
def test_nobody_who_asks_for_it_gets_a_held_port(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with held(1) as ports, socket.socket(family) as stranger:
        with pytest.raises(OSError, match="in use") as refused:
            stranger.bind((host, port_of(ports.addresses()[0])))
        assert refused.value.errno == errno.EADDRINUSE


def test_a_server_that_shares_it_can_listen_and_is_the_one_that_answers():
    with held(1) as ports, socket.socket() as server, socket.socket() as client:
        (address,) = ports.addresses()
        assert client.connect_ex(("127.0.0.1", port_of(address))) == errno.ECONNREFUSED
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", port_of(address)))
        server.listen()
        with socket.create_connection(("127.0.0.1", port_of(address)), timeout=5):
            accepted, _ = server.accept()
            accepted.close()
