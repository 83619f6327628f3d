"""The environment of players, which is the same on every machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from parity.base.problems import PortUnavailableError

UMASK: Final = 0o022
"""The umask under which the mode of the address file is specified (B35)."""
_LOCAL: Final = "localhost,127.0.0.1,::1"
_ADDRESSES_BEHIND_A_PROXY: Final = "GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES"


def environment_of_players() -> dict[str, str]:
    """Return the environment for a process that plays, based on this process's.

    Raises:
        PortUnavailableError: There is no folder for temporary files.
    """
    return {**past_any_proxy(os.environ), "TMPDIR": _temporary_folder()}


def _temporary_folder() -> str:
    """Return this process's temporary folder, even if TMPDIR names one that isn't writable."""
    try:
        return tempfile.gettempdir()
    except OSError as error:
        raise PortUnavailableError(f"no folder for temporary files: {error.strerror}") from None


def past_any_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with proxies disabled for calls to this machine.

    A port's client may or may not use ``http_proxy``, and the proxy depends on the machine: a
    call that fails because of the proxy must not look like a fault of the port.
    """
    changed = {}
    # gRPC reads no_grpc_proxy first, and no_proxy only if that isn't set.
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        named = environment.get(name)
        if named is not None or name != "no_grpc_proxy":
            changed[name] = f"{named},{_LOCAL}" if named else _LOCAL
    if _ADDRESSES_BEHIND_A_PROXY in environment:
        changed[_ADDRESSES_BEHIND_A_PROXY] = ""
    return {**environment, **changed}


@contextmanager
def plain_umask() -> Iterator[None]:
    """Use the usual umask during the block, whatever the user's is."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)
