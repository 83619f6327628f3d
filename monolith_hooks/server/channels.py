"""Channels to controllers, which no proxy comes between."""

from __future__ import annotations

from typing import Final

import grpc

_PAST_ANY_PROXY: Final = (
    # http_proxy, https_proxy and grpc_proxy, which are for addresses elsewhere.
    ("grpc.enable_http_proxy", 0),
    # GRPC_ADDRESS_HTTP_PROXY, which the option before leaves in force.
    ("grpc.address_http_proxy_enabled_addresses", ""),
)


def open_channel(addr: str) -> grpc.Channel:
    """Open a channel to the controller at an address, whatever proxy the environment names.

    gRPC's own default is to go through that proxy, which as a rule can't reach the addresses
    of a cluster: docs/behaviour.md, D4. Nothing is connected before the first call.
    """
    return grpc.insecure_channel(addr, options=_PAST_ANY_PROXY)
