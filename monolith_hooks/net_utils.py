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

    Each address is tried once, at construction, so that the results are consistent. Whatever
    keeps it from connecting makes an address dead, also one that is no address; standard
    output says why (B44). An address that was given twice is tried and listed once.
    It waits for real sockets on real threads, whatever clock the hooks use.

    Args:
        addrs: Addresses as ``host:port`` or ``[ipv6]:port``. Results keep their order.
        timeout: Seconds allowed for each connection.
        num_thread: The number of addresses that are tried at a time. With 0 none is: no
            address is dead or alive, and all are said to be alive.
    """

    def __init__(self, addrs: Iterable[str], timeout: float = 1, num_thread: int = 10) -> None:
        self._addrs = list(addrs)
        self._timeout = timeout
        self._alive: dict[str, bool] = {}
        if num_thread > 0:
            once = list(dict.fromkeys(self._addrs))
            with SYSTEM_CLOCK.handler_pool(num_thread, name="node_alive") as pool:
                results = pool.map(self._accepts_connection, once)
            self._alive = dict(zip(once, results, strict=True))

    def all_nodes_alive(self) -> bool:
        """Return True if no address is dead."""
        return all(self._alive.values())

    def get_dead_nodes(self) -> list[str]:
        """Return the addresses that couldn't be connected to within the timeout."""
        return [addr for addr, alive in self._alive.items() if not alive]

    def get_alive_nodes(self) -> list[str]:
        """Return the addresses that accepted a connection."""
        return [addr for addr, alive in self._alive.items() if alive]

    def get_addrs(self) -> list[str]:
        """Return all addresses, as given."""
        return list(self._addrs)

    def _accepts_connection(self, addr: str) -> bool:
        try:
            with socket.create_connection(parse_addr(addr), timeout=self._timeout):
                return True
        except Exception as error:  # noqa: BLE001 - whatever it is makes it dead (B44)
            print(f"{addr}: {error}", flush=True)  # noqa: T201 - as the original does
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
