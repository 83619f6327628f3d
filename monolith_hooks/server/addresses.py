"""Addresses of controllers with access: TCP or a unix socket, and whether they are local."""

from __future__ import annotations

from typing import Final

from monolith_hooks import net_utils
from monolith_hooks.server.credentials import AccessError

UNIX: Final = "unix:"
"""What the address of a unix socket begins with; its path follows."""


def is_local(addr: str) -> bool:
    """Return whether what is sent to this address can't leave the machine."""
    if addr.startswith(UNIX):
        return True
    host, _ = split_addr(addr)
    return host in {"localhost", "::1"} or host.startswith("127.")


def split_addr(addr: str) -> tuple[str, int]:
    """Return the host and port of an address of TCP.

    Raises:
        AccessError: It isn't one.
    """
    try:
        return net_utils.parse_addr(addr)
    except ValueError:
        raise AccessError(
            f"expected the address as host:port, [ipv6]:port or unix:PATH, got {addr!r}"
        ) from None
