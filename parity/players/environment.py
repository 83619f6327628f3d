"""What players get of this machine's settings: the same wherever they play."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from parity.base.problems import PortUnavailableError

UMASK: Final = 0o022
"""What the mode of the address file is specified under (B35)."""
_LOCAL: Final = "localhost,127.0.0.1,::1"
_ADDRESSES_BEHIND_A_PROXY: Final = "GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES"


def environment_of_players() -> dict[str, str]:
    """This process's environment, for a process that plays.

    Raises:
      PortUnavailableError: there is no folder for temporary files.
    """
    return {**past_any_proxy(os.environ), "TMPDIR": _temporary_folder()}


def _temporary_folder() -> str:
    """The one that this process has, also where TMPDIR names one that can't be written to."""
    try:
        return tempfile.gettempdir()
    except OSError as error:
        raise PortUnavailableError(f"no folder for temporary files: {error.strerror}") from None


def past_any_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """The same environment, but for calls to this machine no proxy is named.

    Whether a client heeds ``http_proxy`` is up to the port, and a proxy is up to the machine:
    it mustn't look like a fault of the port that none is reached through it.
    """
    changed = {}
    # gRPC looks at no_grpc_proxy first, and at no_proxy only where that isn't set.
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        named = environment.get(name)
        if named is not None or name != "no_grpc_proxy":
            changed[name] = f"{named},{_LOCAL}" if named else _LOCAL
    if _ADDRESSES_BEHIND_A_PROXY in environment:
        changed[_ADDRESSES_BEHIND_A_PROXY] = ""
    return {**environment, **changed}


@contextmanager
def plain_umask() -> Iterator[None]:
    """Within it this process creates files as is usual, whatever its user has set."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)
