"""Peers of memory, which do as the specification says unless they are told otherwise.

Not a test module.
"""

from __future__ import annotations

from monolith_hooks.server.constants import SERVER_ADDR_FILENAME as ADDRESS_FILE
from parity.interop.peers.peer import PeerError
from parity.spec.interop import Called, Decoded, Encoded


class ActingPeer:
    """Answers calls from a table, and knows one message."""

    def __init__(self, name="acting", answers=None, address="127.0.0.1:4711"):
        self.name = name
        self.answers = answers or {}
        self.address = address
        self.asked = []
        self.found = []
        self.is_serving = False
        self.hex = "0801"
        self.fields = {"action": 1}
        self.text = "action: TRIGGER_SAVE"

    def serve(self, model_dir, server):
        assert not self.is_serving
        self.is_serving = True
        (model_dir / ADDRESS_FILE).write_text(self.address)
        (model_dir / ADDRESS_FILE).chmod(0o644)

    def arrive(self, workers):
        self.asked.append(tuple(workers))

    def stop_serving(self):
        assert self.is_serving
        self.is_serving = False

    def call(self, model_dir, method, request_hex, deadline_ms, access=None):
        file = model_dir / ADDRESS_FILE
        self.asked.append(method)
        self.found.append(file.read_bytes() if file.exists() else None)
        answer = self.answers.get(method, Called(code="OK", response_hex=""))
        if isinstance(answer, PeerError):
            raise answer
        return answer

    def encode(self, message, fields):
        return Encoded(hex=self.hex, text=self.text)

    def decode(self, message, hex):  # noqa: A002 - the protocol's own name
        return Decoded(fields=self.fields, text=self.text)

    can_look = False
    has_access = False

    def look(self, look):
        raise PeerError("it doesn't look")

    def close(self):
        pass
