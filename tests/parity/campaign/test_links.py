from __future__ import annotations

import socket
import threading

import pytest

from parity.campaign.links import Links
from parity.players.cluster.cluster import LOOPBACK


@pytest.fixture
def echo():
    """A server that sends back what it gets; its address."""
    with socket.create_server((LOOPBACK, 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()


def serve(server):
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=send_back, args=(connection,), daemon=True).start()


def send_back(connection):
    with connection:
        while data := connection.recv(1 << 16):
            connection.sendall(data)


@pytest.fixture
def links():
    with Links() as links:
        yield links


def connect(links, echo, link="a b"):
    host, _, port = links.proxy(link, lambda: echo).partition(":")
    client = socket.create_connection((host, int(port)), timeout=10)
    client.settimeout(10)
    return client


def said(client, words):
    client.sendall(words)
    answer = b""
    while len(answer) < len(words):
        data = client.recv(1 << 16)
        if not data:
            break
        answer += data
    return answer


def test_an_open_link_carries_everything_in_both_directions(links, echo):
    with connect(links, echo) as client:
        words = bytes(range(256)) * 1000
        assert said(client, words) == words


def test_a_link_that_is_cut_ends_connections_and_refuses_new_ones(links, echo):
    with connect(links, echo) as client:
        assert said(client, b"x") == b"x"
        links.set("a b", "cut")
        assert is_over(client)
        with connect(links, echo) as another:
            assert is_over(another)


def test_once_it_is_open_again_new_connections_are_carried(links, echo):
    links.set("a b", "cut")
    links.set("a b", "open")
    with connect(links, echo) as client:
        assert said(client, b"x") == b"x"


def test_a_stalled_link_keeps_bytes_back_and_loses_none(links, echo):
    with connect(links, echo) as client:
        assert said(client, b"x") == b"x"
        links.set("a b", "stall")
        client.sendall(b"late")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(4)
        client.settimeout(10)
        links.set("a b", "open")
        assert said(client, b"") == b""
        assert client.recv(4) == b"late"


def test_another_link_is_left_alone(links, echo):
    with connect(links, echo, "c d") as client:
        links.set("a b", "cut")
        assert said(client, b"x") == b"x"


def test_a_link_to_nobody_ends_its_connections(links):
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        nobody = free.getsockname()
    with connect(links, nobody) as client:
        assert is_over(client)


def is_over(client):
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True
