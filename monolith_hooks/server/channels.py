"""Channels to controllers, which use no proxy."""

from __future__ import annotations

from typing import Final

import grpc

_PAST_ANY_PROXY: Final = (
    # Ignores http_proxy, https_proxy and grpc_proxy.
    ("grpc.enable_http_proxy", 0),
    # Ignores GRPC_ADDRESS_HTTP_PROXY, which the first option doesn't cover.
    ("grpc.address_http_proxy_enabled_addresses", ""),
)


def open_channel(addr: str) -> grpc.Channel:
    """Open a channel to the controller at an address, ignoring the environment's proxies.

    By default gRPC uses those proxies, which usually can't reach the addresses of a
    cluster: docs/behaviour.md, D4. Nothing is connected before the first call.
    """
    return grpc.insecure_channel(addr, options=_PAST_ANY_PROXY)
