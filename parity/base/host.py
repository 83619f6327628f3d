"""What players need of the host that they play on, and whether it has it.

What a host lacks is no fault of a port: what needs it is skipped, by name.
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
"""A loopback interface by each family, names that resolve, and Linux's ``/proc``."""

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
_OF_THE_REFERENCE: Final = ("tensorflow", "grpc", "absl", "h2")
"""Packages that the extra ``reference`` installs."""
_CONNECT_SECONDS: Final = 5.0
_OWN_PROCESS: Final = Path("/proc/self/status")


def lacking(needs: Iterable[HostNeed]) -> tuple[str, ...]:
    """Each need that this host can't meet, with the reason, sorted."""
    return tuple(f"needs {need}: {_WITHOUT[need]}" for need in sorted(needs) if not has(need))


@cache
def has(need: HostNeed) -> bool:
    """Whether this host meets the need; tried once in the life of the process."""
    return _TRIALS[need]()


def missing_package(name: str | None) -> str | None:
    """Say what to install if this package belongs to an extra that isn't installed."""
    package = (name or "").partition(".")[0]
    if package not in _OF_THE_REFERENCE:
        return None
    return f"{package} isn't installed; pip install '{project.NAME}[reference]' has it"


def without_reference() -> str | None:
    """Say which package the reference lacks here; None if it can be played."""
    lacking = (name for name in _OF_THE_REFERENCE if importlib.util.find_spec(name) is None)
    return missing_package(next(lacking, None))


def require_reference() -> None:
    """Refuse a host on which the reference can't be played.

    Raises:
      PortUnavailableError: a package isn't installed, or this is a Linux without ``/proc``,
        on which TensorFlow aborts the process.
    """
    missing = without_reference()
    if missing is not None:
        raise PortUnavailableError(missing)
    if sys.platform == "linux" and not has("proc"):
        raise PortUnavailableError(f"{_WITHOUT['proc']}, without which TensorFlow aborts")


def _reaches_itself(family: socket.AddressFamily, loopback: str) -> bool:
    """Whether a listener on a loopback address can be connected to."""
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
    # A name that can't be encoded for the resolver isn't one that it knows.
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
