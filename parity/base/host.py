"""Requirements that players have of their host, and checks of the host.

A requirement that a host doesn't meet isn't a fault of a port: a scenario that has it is
skipped, and the requirement is named.
"""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

from parity.base import project
from parity.base.problems import PortUnavailableError

HostNeed = Literal["ipv4", "ipv6", "localhost", "host_name", "proc"]
"""A loopback interface of each family, names that resolve, and Linux's ``/proc``."""

HOST_NEEDS: Final[tuple[HostNeed, ...]] = get_args(HostNeed)

IPV4_LOOPBACK: Final = "127.0.0.1"
IPV6_LOOPBACK: Final = "::1"

_WITHOUT: Final[dict[HostNeed, str]] = {
    "ipv4": "this host has no IPv4 loopback",
    "ipv6": "this host has no IPv6 loopback",
    "localhost": f"this host doesn't resolve localhost to {IPV4_LOOPBACK}",
    "host_name": "this host doesn't resolve its own name",
    "proc": "this host has no /proc",
}
_OF_THE_REFERENCE: Final = ("tensorflow", "grpc", "absl", "h2", "trustme", "grpc_health")
"""Packages that the extra ``reference`` installs."""
_OF_DASK: Final = ("dask", "distributed")
"""Packages that the extra ``dask`` installs."""
_CONNECT_SECONDS: Final = 5.0
_OWN_PROCESS: Final = Path("/proc/self/status")


def unmet_needs(needs: Iterable[HostNeed]) -> tuple[str, ...]:
    """Return each need that this host doesn't meet, with the reason, sorted."""
    return tuple(f"needs {need}: {_WITHOUT[need]}" for need in sorted(needs) if not has(need))


@cache
def has(need: HostNeed) -> bool:
    """Return True if this host meets the need, which is checked once in each process."""
    return _TRIALS[need]()


def missing_package(name: str | None) -> str | None:
    """Return what to install if this package belongs to an extra that isn't installed."""
    package = (name or "").partition(".")[0]
    for extra, packages in (("reference", _OF_THE_REFERENCE), ("dask", _OF_DASK)):
        if package in packages:
            return f"{package} isn't installed; pip install '{project.NAME}[{extra}]' has it"
    return None


def without_reference() -> str | None:
    """Return what the reference lacks on this host, or None if it can be played."""
    lacking = (name for name in _OF_THE_REFERENCE if importlib.util.find_spec(name) is None)
    return missing_package(next(lacking, None))


def require_reference() -> None:
    """Refuse a host on which the reference can't be played.

    Raises:
        PortUnavailableError: A package isn't installed, or this is a Linux without ``/proc``,
            on which TensorFlow aborts the process.
    """
    missing = without_reference()
    if missing is not None:
        raise PortUnavailableError(missing)
    if sys.platform == "linux" and not has("proc"):
        raise PortUnavailableError(f"{_WITHOUT['proc']}, without which TensorFlow aborts")


def _reaches_itself(family: socket.AddressFamily, loopback: str) -> bool:
    """Return True if a listener on a loopback address accepts a connection."""
    with contextlib.suppress(OSError), socket.socket(family) as listener:
        listener.bind((loopback, 0))
        listener.listen()
        with socket.create_connection(listener.getsockname()[:2], _CONNECT_SECONDS):
            return True
    return False


def _resolves_localhost() -> bool:
    with contextlib.suppress(OSError):
        found = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
        return IPV4_LOOPBACK in {address[0] for *_, address in found}
    return False


def _resolves_its_name() -> bool:
    # UnicodeError: the resolver doesn't know a name that can't be encoded for it.
    with contextlib.suppress(OSError, UnicodeError):
        return bool(socket.getaddrinfo(socket.gethostname(), None))
    return False


_TRIALS: Final[dict[HostNeed, Callable[[], bool]]] = {
    "ipv4": lambda: _reaches_itself(socket.AF_INET, IPV4_LOOPBACK),
    "ipv6": lambda: _reaches_itself(socket.AF_INET6, IPV6_LOOPBACK),
    "localhost": _resolves_localhost,
    "host_name": _resolves_its_name,
    "proc": _OWN_PROCESS.exists,
}
