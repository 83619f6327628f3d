"""One language's client and server, behind an interface that doesn't tell which.

The driver protocol's optional requests are the same interface over a pipe: see
docs/driver-protocol.md, where each is described.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from parity.spec.interop import Called, Decoded, Encoded, Fields, Look, Looked, Server


class PeerError(Exception):
    """A peer couldn't do what it was asked; the message says who and why."""


class InteropPeer(Protocol):
    """Takes part in interop. Every method raises PeerError if it can't be done."""

    @property
    def name(self) -> str:
        """What the matrix calls it."""

    def serve(self, model_dir: Path, server: Server) -> None:
        """Start the one controller that this peer serves; its address is published on return."""

    def arrive(self, workers: Sequence[int]) -> None:
        """Have workers of the served run block at its barrier; they stay so after a resume."""

    def stop_serving(self) -> None:
        """Close the session cleanly, and the controller's port with it."""

    def call(
        self, model_dir: Path, method: str, request_hex: str | None, deadline_ms: int
    ) -> Called:
        """Call a controller; without a request, as the generated client does with an empty one."""

    def encode(self, message: str, fields: Fields) -> Encoded:
        """Write a message, by its full name."""

    def decode(self, message: str, hex: str) -> Decoded:  # noqa: A002 - the protocol's own name
        """Read a message, by its full name."""

    @property
    def can_look(self) -> bool:
        """Whether ``look`` may be asked; what needs it is skipped otherwise."""

    def look(self, look: Look) -> Looked:
        """Say what the port sees of its machine, of others and of the served barrier."""

    def close(self) -> str | None:
        """Give back what it holds; what went wrong with that."""
