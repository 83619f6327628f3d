"""Certificates and token files for the cases about access, made anew for each server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trustme

_READER: Final = "3f0b9f6f2f0c4a6c8d7a5be1"
_OPERATOR: Final = "9c1185a5c5e9fc54612808977ee8f548"
_UNKNOWN: Final = "0" * 32
_YESTERDAY: Final = datetime.now(UTC) - timedelta(days=1)
_TOKEN_FILES: Final = {
    "tokens": f"# for tests\ngrafana reader {_READER}\n\nalice operator {_OPERATOR}\n",
    "reader.token": _READER,
    "operator.token": f"{_OPERATOR}\n",
    "unknown.token": _UNKNOWN,
}


def make_credentials(folder: Path) -> None:
    """Make all files that the cases name.

    ``ca.pem`` is the authority of ``server``, ``client`` and of the expired
    ``expired-server`` and ``expired-client``; ``other-ca.pem`` that of ``other-client``. Each
    has a ``.pem`` and a ``.key``.
    """
    folder.mkdir(exist_ok=True)
    ca, other = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    other.cert_pem.write_to_path(folder / "other-ca.pem")
    for name, authority, expires in (
        ("server", ca, None),
        ("expired-server", ca, _YESTERDAY),
        ("client", ca, None),
        ("expired-client", ca, _YESTERDAY),
        ("other-client", other, None),
    ):
        issued = authority.issue_cert("127.0.0.1", "localhost", common_name=name, not_after=expires)
        (folder / f"{name}.pem").write_bytes(
            b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        )
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
    for name, content in _TOKEN_FILES.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(content)
    (folder / "open.token").write_text(_OPERATOR)
    (folder / "open.token").chmod(0o644)
