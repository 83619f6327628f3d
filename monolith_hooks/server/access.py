"""Access to a controller: where its server listens, and who may call it."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final

import grpc

from monolith_hooks import net_utils
from monolith_hooks.server import service_pb2
from monolith_hooks.server.addresses import UNIX, is_local, split_addr
from monolith_hooks.server.audit import Audit, log_audit
from monolith_hooks.server.credentials import AccessError, TokenTable, read_pem
from monolith_hooks.server.guard import Guard

_CONTROLLER: Final = service_pb2.DESCRIPTOR.services_by_name["Controller"].full_name
_LACKING: Final = "needs the extra 'probes': pip install 'monolith-hooks-parity[probes]'"


@dataclass(frozen=True)
class ServerAccess:
    """Options of a controller's server, none of which the original has: docs/production.md.

    All paths are local files, which are read when a session is created.

    Args:
        address: Where to listen: ``host:port`` with an IP address as host, or ``unix:PATH``.
        certificate: PEM file of the server's certificate chain; with it the server speaks TLS.
        private_key: PEM file of its key.
        client_ca: PEM file of the authorities of clients' certificates, which are then needed.
        token_file: File of names, roles and tokens, one of which a call then needs.
        max_request_bytes: The most bytes of a request.
        max_metadata_bytes: The most bytes of a call's metadata.
        max_concurrent_calls: The most calls under way and waiting.
        max_deadline_seconds: The farthest deadline of a call, which then needs one.
        health_service: Serve ``grpc.health.v1.Health``.
        reflection: Serve gRPC's reflection.
        audit: Called with each call that changes the run, and with each that is refused.
        remove_address_file: Remove the address file at the end of the session.

    Raises:
        AccessError: Options that don't go together.
    """

    address: str = "[::]:0"
    certificate: str | None = None
    private_key: str | None = None
    client_ca: str | None = None
    token_file: str | None = None
    max_request_bytes: int = 65_536
    max_metadata_bytes: int = 8_192
    max_concurrent_calls: int = 64
    max_deadline_seconds: float | None = None
    health_service: bool = False
    reflection: bool = False
    audit: Audit = log_audit
    remove_address_file: bool = False

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            raise AccessError("expected certificate and private_key together, got one of them")
        if self.client_ca is not None and self.certificate is None:
            raise AccessError("client_ca needs certificate and private_key: TLS is for both ends")
        if self.token_file is not None and self.certificate is None and not is_local(self.address):
            raise AccessError(
                "token_file needs certificate and private_key, or anyone on the network can read "
                f"the tokens; without them expected a unix socket or a loopback address, got "
                f"{self.address!r}"
            )
        if not self.address.startswith(UNIX):
            split_addr(self.address)


class GuardedServer:
    """A gRPC server as ``access`` wants it.

    Args:
        access: The options.
        handlers: Runs the controller's methods.
        refusals: Runs what is answered without them.

    Raises:
        AccessError: A file of access can't be used, or a package is missing.
    """

    def __init__(self, access: ServerAccess, handlers: Executor, refusals: Executor) -> None:
        self._access = access
        self._credentials = _credentials(access)
        tokens = TokenTable(access.token_file) if access.token_file is not None else None
        guard = Guard(
            tokens,
            access.max_metadata_bytes,
            access.max_deadline_seconds,
            access.audit,
            refusals,
            probes=access.health_service,
        )
        self.server: grpc.Server = grpc.server(
            handlers,  # type: ignore[arg-type]  # gRPC takes any Executor
            interceptors=[guard],
            options=[
                ("grpc.max_receive_message_length", access.max_request_bytes),
                ("grpc.so_reuseport", 0),  # Or two runs could share a port that was chosen.
            ],
            maximum_concurrent_rpcs=access.max_concurrent_calls,
        )
        self._health = _add_health(self.server) if access.health_service else None

    def start(self, services: Sequence[str]) -> None:
        """Begin to answer, once the servicers of these services have been added."""
        if self._access.reflection:
            _add_reflection(self.server, services, self._access.health_service)
        self.server.start()

    def listen(self) -> int:
        """Start listening, and return the port; that of a unix socket means nothing.

        Raises:
            AccessError: The address is in use, or isn't one of this host's.
        """
        if self._access.address.startswith(UNIX):
            return self._listen_on_socket_file(self._access.address.removeprefix(UNIX))
        return self._bind(self._access.address)

    def published(self, port: int, server_addr: Callable[[int], str]) -> str:
        """Return the address for clients; ``server_addr`` returns that of this machine."""
        if self._access.address.startswith(UNIX):
            return self._access.address
        host, _ = split_addr(self._access.address)
        if host in {"::", "0.0.0.0"}:  # noqa: S104 - it says which is meant
            return server_addr(port)
        return net_utils.concat_ip_and_port(host, port)

    def stop(self, grace: float | None) -> threading.Event:
        """Refuse new calls, and give those under way the grace; the event says that it is over."""
        if self._health is not None:
            self._health.enter_graceful_shutdown()
        stopped = self.server.stop(grace)
        if self._access.address.startswith(UNIX):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._access.address.removeprefix(UNIX))
        return stopped

    def _bind(self, address: str) -> int:
        try:
            if self._credentials is None:
                return self.server.add_insecure_port(address)
            return self.server.add_secure_port(address, self._credentials)
        except RuntimeError as error:
            raise AccessError(f"{address} can't be listened on: {error}") from None

    def _listen_on_socket_file(self, path: str) -> int:
        """Listen in a folder that nobody else can enter, then move the socket to its path.

        So it never has another mode than 0600, and replaces one that is there as a whole.
        """
        _refuse_what_is_in_use(path)
        try:
            folder = tempfile.mkdtemp(prefix=".", dir=os.path.dirname(path) or ".")
        except OSError as error:
            raise AccessError(f"{UNIX}{path} can't be listened on: {error.strerror}") from None
        made = os.path.join(folder, "s")
        try:
            port = self._bind(UNIX + made)
            os.chmod(made, 0o600)
            os.replace(made, path)
        finally:
            os.rmdir(folder)
        return port


def _credentials(access: ServerAccess) -> grpc.ServerCredentials | None:
    if access.certificate is None or access.private_key is None:
        return None
    chain, key = read_pem(access.certificate), read_pem(access.private_key)
    try:
        # gRPC would only say that it can't listen. Without a password OpenSSL asks for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            access.certificate, access.private_key, password=""
        )
    except (ssl.SSLError, OSError) as error:
        raise AccessError(
            f"{access.certificate} and {access.private_key} aren't a certificate and its key: "
            f"{error}"
        ) from None
    authorities = read_pem(access.client_ca) if access.client_ca is not None else None
    return grpc.ssl_server_credentials(
        [(key, chain)], root_certificates=authorities, require_client_auth=authorities is not None
    )


def _refuse_what_is_in_use(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise AccessError(f"{path} is there already, and isn't a socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return
        except OSError as error:
            raise AccessError(f"{UNIX}{path} can't be replaced: {error.strerror}") from None
    raise AccessError(f"{UNIX}{path} is in use by another server")


def _add_health(server: grpc.Server) -> Any:
    try:
        from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # noqa: PLC0415 - optional
    except ImportError:
        raise AccessError(f"health_service {_LACKING}") from None
    servicer = health.HealthServicer()
    servicer.set(_CONTROLLER, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    return servicer


def _add_reflection(server: grpc.Server, services: Sequence[str], health_too: bool) -> None:
    try:
        from grpc_reflection.v1alpha import reflection  # noqa: PLC0415 - optional
    except ImportError:
        raise AccessError(f"reflection {_LACKING}") from None

    def names() -> Iterator[str]:
        yield from services
        yield reflection.SERVICE_NAME
        if health_too:
            yield "grpc.health.v1.Health"

    reflection.enable_server_reflection(tuple(names()), server)
