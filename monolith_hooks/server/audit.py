"""The audit: who changed the run, or was refused, from where, and what came of it."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

import grpc
from absl import logging

_NOBODY: Final = "-"
_LONGEST_METHOD: Final = 64
_NOT_IN_A_METHOD: Final = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True)
class AuditRecord:
    """One call.

    Attributes:
        who: The token's name; without tokens, the client certificate's fingerprint; or ``-``.
        peer: The client's address, ``host:port`` or ``unix``.
        method: The last part of the method's path.
        code: The name of the gRPC status code.
    """

    who: str
    peer: str
    method: str
    code: str

    def line(self) -> str:
        """Return the record as one line; nothing that a client chooses can forge another."""
        return f"who={self.who} from={self.peer} method={self.method} code={self.code}"


Audit = Callable[[AuditRecord], None]
"""Called on the handler's thread, before the client has its answer."""


def log_audit(record: AuditRecord) -> None:
    """Log the record at INFO."""
    logging.info("audit: %s", record.line())


def record_of(
    context: grpc.ServicerContext, path: str, code: grpc.StatusCode, name: str | None
) -> AuditRecord:
    """Return the record of a call by the holder of this name, or by an unknown one."""
    method = path.rpartition("/")[2]
    return AuditRecord(
        who=name or _certificate(context),
        peer=_peer(context.peer()),
        method=_NOT_IN_A_METHOD.sub("?", method)[:_LONGEST_METHOD],
        code=code.name,
    )


def _certificate(context: grpc.ServicerContext) -> str:
    certificates: Any = context.auth_context().get("x509_pem_cert", ())
    for pem in certificates:
        der = ssl.PEM_cert_to_DER_cert(pem.decode())
        return f"cert:{hashlib.sha256(der).hexdigest()[:16]}"
    return _NOBODY


def _peer(uri: str) -> str:
    """Return the address in gRPC's URI of a peer: ``ipv4:host:port``, ``ipv6:%5B...%5D:port``."""
    scheme, _, address = uri.partition(":")
    return unquote(address) if scheme in {"ipv4", "ipv6"} else scheme
