"""The address file: the content that a server writes, and a client's reaction to any content."""

from __future__ import annotations

from typing import Final

from parity.base.host import IPV4_LOOPBACK, IPV6_LOOPBACK
from parity.interop.cases.service import ask, global_step
from parity.interop.cases.steps import Address, AddressFileIs, Group, InteropCase, Want
from parity.spec.interop import InteropServer

ADDRESS_FILE: Final = "address file"

_STEP: Final = 9
_WORKS: Final = global_step(_STEP)
_UNAVAILABLE: Final = Want(code="UNAVAILABLE")

_CONTENTS: Final[dict[str, tuple[bytes | None, Want, str]]] = {
    "as it was written": (b"{addr}", _WORKS, "B38b"),
    "a line end after it": (b"{addr}\n", _WORKS, "B38b"),
    "CRLF after it": (b"{addr}\r\n", _WORKS, "B38b"),
    "several line ends after it": (b"{addr}\n\r\n\n", _WORKS, "B38b"),
    "localhost by name": (b"localhost:{port}", _WORKS, "B38b"),
    "no file": (
        None,
        Want(code=None, error="NotFoundError", details="controller_server_addr.txt"),
        "B38a",
    ),
    "empty": (b"", Want(code="UNKNOWN"), "B38c"),
    "only a line end": (b"\n", Want(code="UNKNOWN"), "B38c"),
    "a space before it": (b" {addr}", _UNAVAILABLE, "B38c"),
    "two lines": (b"{addr}\n{addr}\n", _UNAVAILABLE, "B38c"),
    "two addresses": (b"{addr},{addr}", _UNAVAILABLE, "B38c"),
    "a byte order mark before it": (b"\xef\xbb\xbf{addr}", _UNAVAILABLE, "B38c"),
    "a scheme before it": (b"http://{addr}", _UNAVAILABLE, "B38c"),
    "a user before it": (b"operator@{addr}", _UNAVAILABLE, "B38c"),
    "a path after it": (b"{addr}/x", _UNAVAILABLE, "B38c"),
    "no host": (b":{port}", _UNAVAILABLE, "B38c"),
    "no port": (b"127.0.0.1", _UNAVAILABLE, "B38c"),
    "a port that is no number": (b"127.0.0.1:http", _UNAVAILABLE, "B38c"),
    "IPv4 in brackets": (b"[127.0.0.1]:{port}", _UNAVAILABLE, "B38c"),
    "IPv6 without brackets": (b"::1:{port}", _UNAVAILABLE, "B38c"),
    "a bracket that isn't closed": (b"[::1:{port}", _UNAVAILABLE, "B38c"),
    "words": (b"not an address", _UNAVAILABLE, "B38c"),
    "punctuation": (b"!!!", _UNAVAILABLE, "B38c"),
    "a port that nobody listens on": (b"127.0.0.1:1", _UNAVAILABLE, "B38e"),
    "not UTF-8": (b"\xff\xfe{addr}", Want(code=None, error="UnicodeDecodeError"), "B38g"),
}


def address_groups() -> list[Group]:
    """Return all cases about the address file."""
    return [
        _contents(),
        _published(IPV4_LOOPBACK, "127.0.0.1:{port}"),
        _published(IPV6_LOOPBACK, "[::1]:{port}"),
    ]


def _contents() -> Group:
    cases = [
        InteropCase(
            method=ADDRESS_FILE,
            name=name,
            covers=(clause,),
            steps=(
                Address(content=content),
                ask("GetTrainingStatus", want),
                ask("GetTrainingStatus", want, ""),
            ),
        )
        for name, (content, want, clause) in _CONTENTS.items()
    ]
    return Group(server=InteropServer(global_step=_STEP), cases=(*cases, *_other_listeners()))


def _other_listeners() -> list[InteropCase]:
    exceeded = Want(code="DEADLINE_EXCEEDED")
    patient = ask("GetTrainingStatus", _UNAVAILABLE)
    asked = {
        "never answers": (
            b"{silent}",
            patient.model_copy(update={"want": exceeded, "deadline_ms": 200}),
        ),
        "hangs up": (b"{hangs up}", patient),
        "hangs up in the middle of a call": (b"{breaks off}", patient),
        "cancels": (b"{cancels}", ask("GetTrainingStatus", Want(code="CANCELLED", details="no"))),
    }
    return [
        InteropCase(
            method=ADDRESS_FILE,
            name=f"a listener that {does}",
            covers=("B38f",) if does == "never answers" else (),
            steps=(Address(content=content), step),
        )
        for does, (content, step) in asked.items()
    ]


def _published(ip: str, content: str) -> Group:
    case = InteropCase(
        method=ADDRESS_FILE,
        name=f"published with {ip}",
        covers=("B35e",),
        steps=(AddressFileIs(content=content), ask("GetTrainingStatus", _WORKS)),
    )
    return Group(server=InteropServer(ip=ip, global_step=_STEP), cases=(case,))
