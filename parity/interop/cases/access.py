"""Cases of access control: TLS, mutual TLS and tokens."""

from __future__ import annotations

from typing import Final

from parity.interop.cases.service import ask, block_status, global_step
from parity.interop.cases.steps import (
    FILES,
    Ask,
    AuditIs,
    Group,
    InteropCase,
    InteropStep,
    StopServing,
    Want,
)
from parity.spec.interop import InteropClientAccess, InteropServer, InteropServerAccess

ACCESS: Final = "access"
_ACTS: Final = ("StopTraining", "ResumeTraining", "SaveCheckpoint")
_NO_TOKEN: Final = Want(code="UNAUTHENTICATED", details="This controller needs a token.")
_UNKNOWN: Final = Want(code="UNAUTHENTICATED", details="The token is unknown.")
_UNAVAILABLE: Final = Want(code="UNAVAILABLE")
_EXHAUSTED: Final = Want(code="RESOURCE_EXHAUSTED")
_DONE: Final = Want(response_hex="")
_CLEAR: Final = block_status([], 3)
_CHECK: Final = "/grpc.health.v1.Health/Check"
_A_TOO_LONG_REQUEST: Final = "0a" + "f0ff04" + "00" * 81_904
"""An unknown field of 81,904 bytes."""


def access_groups() -> list[Group]:
    """Return the cases of servers with access, which docs/production.md describes."""
    return [
        _tls_with_tokens(),
        _expired_server(),
        _mutual_tls(),
        _plaintext_with_tokens(),
        _bounds(),
        _unix_socket(),
        _open_unix_socket(),
        _health(),
        _removed_address_file(),
    ]


def _path(name: str) -> str:
    return f"{FILES}/{name}"


def _server(**options: object) -> InteropServer:
    access = InteropServerAccess.model_validate({"audit": _path("audit"), **options})
    return InteropServer(access=access)


def _with_certificate(name: str, **options: object) -> InteropServer:
    pair = {"certificate": _path(f"{name}.pem"), "private_key": _path(f"{name}.key")}
    return _server(**pair, **options)


def _client(
    token: str | None = None,
    ca: str | None = "ca.pem",
    name: str | None = None,
    server_name: str | None = None,
) -> InteropClientAccess:
    return InteropClientAccess(
        ca=None if ca is None else _path(ca),
        certificate=None if name is None else _path(f"{name}.pem"),
        private_key=None if name is None else _path(f"{name}.key"),
        token_file=None if token is None else _path(f"{token}.token"),
        server_name=server_name,
    )


def _as(access: InteropClientAccess, method: str, want: Want = _DONE) -> Ask:
    return ask(method, want).model_copy(update={"access": access})


def _audited(who: str, method: str, code: str) -> str:
    return f"who={who} from=127.0.0.1:{{port}} method={method} code={code}"


def _case(name: str, *steps: InteropStep) -> InteropCase:
    return InteropCase(method=ACCESS, name=name, covers=(), steps=steps)


def _tls_with_tokens() -> Group:
    operator, reader = _client("operator"), _client("reader")
    looks = _as(reader, "GetBlockStatus", _CLEAR)
    cases = [
        _case(
            "an operator acts",
            _as(operator, "StopTraining"),
            _as(operator, "GetBlockStatus", block_status([0], 3)),
            _as(
                operator,
                "StopTraining",
                Want(code="ALREADY_EXISTS", details="Barrier is placed already."),
            ),
            _as(operator, "ResumeTraining"),
            _as(operator, "SaveCheckpoint"),
            AuditIs(
                lines=(
                    _audited("alice", "StopTraining", "OK"),
                    _audited("alice", "StopTraining", "ALREADY_EXISTS"),
                    _audited("alice", "ResumeTraining", "OK"),
                    _audited("alice", "SaveCheckpoint", "OK"),
                )
            ),
        ),
        _case(
            "a reader looks",
            looks,
            _as(reader, "GetTrainingStatus", global_step(0)),
            AuditIs(lines=()),
        ),
    ]
    for method in _ACTS:
        denied = f"grafana is a reader: {method} is for operators."
        cases.append(
            _case(
                f"a reader wants {method}",
                _as(reader, method, Want(code="PERMISSION_DENIED", details=denied)),
                looks,
                AuditIs(lines=(_audited("grafana", method, "PERMISSION_DENIED"),)),
            )
        )
        cases.append(
            _case(
                f"no token for {method}",
                _as(_client(), method, _NO_TOKEN),
                looks,
                AuditIs(lines=(_audited("-", method, "UNAUTHENTICATED"),)),
            )
        )
        cases.append(
            _case(
                f"an unknown token for {method}",
                _as(_client("unknown"), method, _UNKNOWN),
                looks,
                AuditIs(lines=(_audited("-", method, "UNAUTHENTICATED"),)),
            )
        )
    for name, access in {
        "a client that trusts another authority": _client("operator", ca="other-ca.pem"),
        "a server of another name": _client("operator", server_name="elsewhere.example"),
        "plaintext to TLS": _client(None, ca=None),
    }.items():
        cases.append(
            _case(name, _as(access, "StopTraining", _UNAVAILABLE), looks, AuditIs(lines=()))
        )
    cases += [
        _case(
            "a token file that others can read",
            _as(
                _client("open"),
                "StopTraining",
                Want(
                    code=None,
                    error="AccessError",
                    details="is open to others (mode 0644); expected mode 0600",
                ),
            ),
            looks,
        ),
        _case(
            "no token file",
            _as(
                _client("missing"),
                "StopTraining",
                Want(
                    code=None,
                    error="AccessError",
                    details="can't be read: No such file or directory",
                ),
            ),
            looks,
        ),
        _case(
            "a method that there isn't, without a token",
            _as(_client(), "Nothing", _NO_TOKEN),
            AuditIs(lines=(_audited("-", "Nothing", "UNAUTHENTICATED"),)),
        ),
        _case(
            "a method that there isn't, with one",
            _as(reader, "Nothing", Want(code="UNIMPLEMENTED", details="Method not found!")),
            AuditIs(lines=()),
        ),
    ]
    return Group(server=_with_certificate("server", token_file=_path("tokens")), cases=tuple(cases))


def _expired_server() -> Group:
    case = _case(
        "a server's certificate that has expired",
        _as(_client(), "StopTraining", _UNAVAILABLE),
        AuditIs(lines=()),
    )
    return Group(server=_with_certificate("expired-server"), cases=(case,))


def _mutual_tls() -> Group:
    known = _client(name="client")
    looks = _as(known, "GetBlockStatus", _CLEAR)
    cases = [
        _case(
            "a client with a certificate",
            _as(known, "StopTraining"),
            _as(known, "ResumeTraining"),
        ),
    ]
    for name, certificate in {
        "a client without a certificate": None,
        "a client's certificate of another authority": "other-client",
        "a client's certificate that has expired": "expired-client",
    }.items():
        cases.append(
            _case(name, _as(_client(name=certificate), "StopTraining", _UNAVAILABLE), looks)
        )
    return Group(server=_with_certificate("server", client_ca=_path("ca.pem")), cases=tuple(cases))


def _plaintext_with_tokens() -> Group:
    reader = _client("reader", ca=None)
    return Group(
        server=_server(token_file=_path("tokens")),
        cases=(
            _case(
                "a probe where there is no health service",
                Ask(method=_CHECK, want=_NO_TOKEN, request_hex="", access=_client(ca=None)),
                Ask(
                    method=_CHECK,
                    want=Want(code="UNIMPLEMENTED", details="Method not found!"),
                    request_hex="",
                    access=reader,
                ),
                AuditIs(lines=(_audited("-", "Check", "UNAUTHENTICATED"),)),
            ),
            _case(
                "TLS to plaintext",
                _as(_client("operator"), "StopTraining", _UNAVAILABLE),
                _as(reader, "GetBlockStatus", _CLEAR),
            ),
            _case(
                "a token on loopback",
                _as(_client("operator", ca=None), "StopTraining"),
                _as(_client("operator", ca=None), "ResumeTraining"),
            ),
        ),
    )


def _bounds() -> Group:
    anyone = InteropClientAccess()
    farther = Want(code="INVALID_ARGUMENT", details="A deadline of at most 60 s is needed.")
    late = _as(anyone, "StopTraining", farther).model_copy(update={"deadline_ms": 90_000})
    long = _as(anyone, "StopTraining", _EXHAUSTED).model_copy(
        update={"request_hex": _A_TOO_LONG_REQUEST}
    )
    looks = ask("GetBlockStatus", _CLEAR)
    return Group(
        server=_server(max_deadline_ms=60_000),
        cases=(
            _case(
                "a deadline that is too far away",
                late,
                looks,
                AuditIs(lines=(_audited("-", "StopTraining", "INVALID_ARGUMENT"),)),
            ),
            _case("a request that is too long", long, looks, AuditIs(lines=())),
        ),
    )


def _unix_socket() -> Group:
    reader, operator = _client("reader", ca=None), _client("operator", ca=None)
    return Group(
        server=_server(address=f"unix:{FILES}/s", token_file=_path("tokens")),
        cases=(
            _case(
                "a unix socket",
                _as(operator, "StopTraining"),
                _as(reader, "GetBlockStatus", block_status([0], 3)),
                AuditIs(lines=("who=alice from=unix method=StopTraining code=OK",)),
            ),
        ),
    )


def _open_unix_socket() -> Group:
    return Group(
        server=_server(address=f"unix:{FILES}/s"),
        cases=(
            _case(
                "a unix socket without tokens, and a client without access",
                ask("StopTraining"),
                ask("GetBlockStatus", block_status([0], 3)),
                AuditIs(lines=("who=- from=unix method=StopTraining code=OK",)),
            ),
        ),
    )


def _health() -> Group:
    serving = Want(response_hex="0801")
    return Group(
        server=_with_certificate("server", token_file=_path("tokens"), health_service=True),
        cases=(
            _case(
                "a probe needs no token",
                Ask(method=_CHECK, want=serving, request_hex="", access=_client()),
                Ask(
                    method=_CHECK,
                    want=serving,
                    request_hex=b"\n\nController".hex(),
                    access=_client(),
                ),
                Ask(
                    method=_CHECK,
                    want=Want(code="NOT_FOUND"),
                    request_hex=b"\n\x05Other".hex(),
                    access=_client(),
                ),
                AuditIs(lines=()),
            ),
        ),
    )


def _removed_address_file() -> Group:
    gone = Want(code=None, error="NotFoundError", details="controller_server_addr.txt")
    return Group(
        server=_server(remove_address_file=True),
        cases=(
            _case(
                "the address file goes with the session",
                ask("GetBlockStatus", _CLEAR),
                StopServing(),
                ask("GetBlockStatus", gone),
            ),
        ),
    )
