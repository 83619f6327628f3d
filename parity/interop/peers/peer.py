"""The common interface of each language's client and server.

The driver protocol's optional requests are the same interface over a pipe;
docs/driver-protocol.md describes each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from parity.spec.interop import (
    Called,
    Decoded,
    Encoded,
    Fields,
    InteropClientAccess,
    InteropServer,
    Look,
    Looked,
)


class PeerError(Exception):
    """A peer couldn't perform a request; the message has its name and the reason."""


class InteropPeer(Protocol):
    """A peer of interop. Every method raises PeerError if it can't be done."""

    @property
    def name(self) -> str:
        """The peer's name in the matrix."""

    def serve(self, model_dir: Path, server: InteropServer) -> None:
        """Start this peer's only controller; its address is published on return."""

    def arrive(self, workers: Sequence[int]) -> None:
        """Make workers of the served run block at its barrier; they stay blocked after a resume."""

    def stop_serving(self) -> None:
        """Close the session cleanly, and the controller's port with it."""

    def call(
        self,
        model_dir: Path,
        method: str,
        request_hex: str | None,
        deadline_ms: int,
        access: InteropClientAccess | None = None,
    ) -> Called:
        """Call a controller; None sends the generated client's empty request."""

    def encode(self, message: str, fields: Fields) -> Encoded:
        """Write a message, by its full name."""

    def decode(self, message: str, hex: str) -> Decoded:  # noqa: A002 - the protocol's own name
        """Read a message, by its full name."""

    @property
    def has_access(self) -> bool:
        """True if the peer supports ``access``; otherwise the cases that need it are skipped."""

    @property
    def can_look(self) -> bool:
        """True if the peer supports ``look``; otherwise the cases that need it are skipped."""

    def look(self, look: Look) -> Looked:
        """Return the port's observations of its machine, of others and of the served barrier."""

    def close(self) -> str | None:
        """Release all resources, and return what went wrong or None."""
