"""The `ServerFeatures` service: what this server can do.

Clients choose by it: without `batchappend`, Node's appends one by one; without
the `all` features it refuses persistent subscriptions to `$all`.
"""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from esnb.embedded.storage import wire

SERVICE = "event_store.client.server_features.ServerFeatures"
VERSION = "23.10.8"

Features = dict[str, dict[str, Sequence[str]]]

STREAMS: Features = {
    "event_store.client.streams.streams": {
        "read": ("position", "events"),
        "append": (),
        "delete": (),
        "tombstone": (),
        "batchappend": ("deadline_duration",),
    },
    "event_store.client.gossip.gossip": {"read": ()},
    "event_store.client.server_features.serverfeatures": {"getsupportedmethods": ()},
}


class FeaturesService:
    """Lists services, their methods and what those understand."""

    def __init__(self, features: Features) -> None:
        self._answer = supported_methods(features)

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's methods; its messages are in neither client's stubs."""
        return grpc.method_handlers_generic_handler(
            SERVICE, {"GetSupportedMethods": grpc.unary_unary_rpc_method_handler(self._supported)}
        )

    async def _supported(self, request: bytes, context: object) -> bytes:
        return self._answer


def supported_methods(features: Features) -> bytes:
    """The `SupportedMethods` message: field 1 a method (name, service, features), 2 the version."""
    methods = b"".join(
        wire.tagged(
            1,
            wire.tagged(1, method.encode())
            + wire.tagged(2, service.encode())
            + b"".join(wire.tagged(3, feature.encode()) for feature in understood),
        )
        for service, methods in features.items()
        for method, understood in methods.items()
    )
    return methods + wire.tagged(2, VERSION.encode())
