"""Channels to controllers, which use no proxy unless they are told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import grpc

from monolith_hooks.server.addresses import UNIX, is_local
from monolith_hooks.server.credentials import AccessError, read_pem, read_token

_PAST_ANY_PROXY: Final = (
    # Ignores http_proxy, https_proxy and grpc_proxy.
    ("grpc.enable_http_proxy", 0),
    # Ignores GRPC_ADDRESS_HTTP_PROXY, which the first option doesn't cover.
    ("grpc.address_http_proxy_enabled_addresses", ""),
)


@dataclass(frozen=True)
class ClientAccess:
    """A client's means of access, none of which the original has: docs/production.md.

    Args:
        ca: PEM file of the authorities that the server's certificate may be of; with it the
            client speaks TLS.
        certificate: PEM file of the client's own certificate chain, for mutual TLS.
        private_key: PEM file of its key.
        server_name: The name to expect in the server's certificate, in place of the address's host.
        token_file: File of the client's token, which only its owner can read.
        proxy: ``http://host:port`` of a proxy to use; the environment's are always ignored.

    Raises:
        AccessError: Options that don't go together.
    """

    ca: str | None = None
    certificate: str | None = None
    private_key: str | None = None
    server_name: str | None = None
    token_file: str | None = None
    proxy: str | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            raise AccessError("expected certificate and private key together, got one of them")
        for name in ("certificate", "server_name"):
            if self.ca is None and getattr(self, name) is not None:
                raise AccessError(f"{name} needs ca, the authorities of the server's certificate")


def open_channel(addr: str, access: ClientAccess | None = None) -> grpc.Channel:
    """Open a channel to the controller at an address, ignoring the environment's proxies.

    By default gRPC uses those proxies, which usually can't reach the addresses of a
    cluster: docs/behaviour.md, D4. Nothing is connected before the first call.

    Raises:
        AccessError: A file of access can't be used, or a token would be sent in the clear.
    """
    access = access or ClientAccess()
    if access.proxy is None:
        options: list[tuple[str, Any]] = list(_PAST_ANY_PROXY)
    else:
        options = [("grpc.http_proxy", access.proxy), _PAST_ANY_PROXY[1]]
    if addr.startswith(UNIX):
        # By default it is the socket's path, which servers in other languages refuse as a host.
        options.append(("grpc.default_authority", "localhost"))
    if access.server_name is not None:
        options.append(("grpc.ssl_target_name_override", access.server_name))
    token = read_token(access.token_file) if access.token_file is not None else None
    if token is not None and access.ca is None and not is_local(addr):
        raise AccessError(
            f"a token for {addr} needs ca, the authorities of the server's certificate, or anyone "
            "on the network can read it"
        )
    if access.ca is None:
        channel = grpc.insecure_channel(addr, options=options)
    else:
        channel = grpc.secure_channel(addr, _credentials(access, access.ca), options=options)
    return channel if token is None else grpc.intercept_channel(channel, _Bearer(token))


def _credentials(access: ClientAccess, ca: str) -> grpc.ChannelCredentials:
    if access.certificate is None or access.private_key is None:
        return grpc.ssl_channel_credentials(read_pem(ca))
    return grpc.ssl_channel_credentials(
        read_pem(ca), read_pem(access.private_key), read_pem(access.certificate)
    )


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _Bearer(grpc.UnaryUnaryClientInterceptor):
    """Sends a token with each call."""

    def __init__(self, token: str) -> None:
        self._entry = ("authorization", f"Bearer {token}")

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any
    ) -> Any:
        """Add the token to the call's metadata."""
        asked = client_call_details
        metadata = [*(asked.metadata or ()), self._entry]
        details = _Details(
            asked.method,
            asked.timeout,
            metadata,
            asked.credentials,
            asked.wait_for_ready,
            asked.compression,
        )
        return continuation(details, request)
