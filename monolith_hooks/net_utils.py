"""Addresses of this machine, and connection checks of other machines."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from monolith_hooks.clock import SYSTEM_CLOCK


def is_ipv6_address(ip: str) -> bool:
    """Return True for an IPv6 address without brackets; a zone such as ``%eth0`` may follow."""
    try:
        ipaddress.IPv6Address(ip)
    except ValueError:
        return False
    return True


def concat_ip_and_port(ip: str, port: int | str) -> str:
    """Return ``ip:port``, or ``[ip]:port`` for an IPv6 address."""
    return f"[{ip}]:{port}" if is_ipv6_address(ip) else f"{ip}:{port}"


def get_local_ip() -> str:
    """Return the first address that this host's name resolves to (B44).

    Raises:
        socket.gaierror: The name resolves neither to any address nor, in a second
            query, to an IPv6 address.
    """
    host = socket.gethostname()
    try:
        found = socket.getaddrinfo(host, None)
    except socket.gaierror:
        # Without an address family, a resolver may require an IPv4 answer.
        found = socket.getaddrinfo(host, None, socket.AF_INET6)
    return str(found[0][4][0])


def is_ipv4_supported() -> bool:
    """Return True if ``get_local_ip`` returns an IPv4 address.

    Raises:
        socket.gaierror: This host's name doesn't resolve.
    """
    return not is_ipv6_address(get_local_ip())


def get_local_server_addr(port: int) -> str:
    """Return the address at which others reach a server on ``port`` of this machine (B44).

    Raises:
        socket.gaierror: This host's name doesn't resolve.
    """
    return concat_ip_and_port(get_local_ip(), port)


class NodeAliveChecker:
    """Checker of which addresses accept a TCP connection.

    Each address is tried once, at construction, so that the results are consistent.
    It waits for real sockets on real threads, whatever clock the hooks use.

    Args:
        addrs: Addresses as ``host:port`` or ``[ipv6]:port``. Results keep their order.
        timeout: Seconds allowed for each connection.
        num_thread: The number of addresses that are tried at a time.

    Raises:
        ValueError: An address has neither of the two forms.
    """

    def __init__(self, addrs: Iterable[str], timeout: float = 1, num_thread: int = 10) -> None:
        self._addrs = list(addrs)
        self._timeout = timeout
        targets = [parse_addr(addr) for addr in self._addrs]
        with SYSTEM_CLOCK.handler_pool(num_thread, name="node_alive") as pool:
            self._alive = list(pool.map(self._accepts_connection, targets))

    def all_nodes_alive(self) -> bool:
        """Return True if every address accepted a connection, or there are none."""
        return all(self._alive)

    def get_dead_nodes(self) -> list[str]:
        """Return the addresses that refused, didn't resolve, or took longer than the timeout."""
        return self._nodes(False)

    def get_alive_nodes(self) -> list[str]:
        """Return the addresses that accepted a connection."""
        return self._nodes(True)

    def get_addrs(self) -> list[str]:
        """Return all addresses, as given."""
        return list(self._addrs)

    def _nodes(self, wanted: bool) -> list[str]:
        return [
            addr for addr, alive in zip(self._addrs, self._alive, strict=True) if alive == wanted
        ]

    def _accepts_connection(self, target: tuple[str, int]) -> bool:
        try:
            with socket.create_connection(target, timeout=self._timeout):
                return True
        except OSError:
            return False


def parse_addr(addr: str) -> tuple[str, int]:
    """Return the host and port of ``host:port`` or ``[ipv6]:port``.

    Raises:
        ValueError: The address has neither form.
    """
    host, colon, port = addr.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""  # An IPv6 address without brackets: where it ends is ambiguous.
    numeric = port.isascii() and port.isdigit() and int(port) < 2**16
    if not (colon and host and numeric and addr.split() == [addr]):
        raise ValueError(f"{addr!r} is not an address: write host:port or [ipv6]:port.")
    return host, int(port)
