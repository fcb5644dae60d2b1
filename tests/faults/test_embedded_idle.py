"""A subscription that hears nothing lives on, although the client pings it all the time."""

from __future__ import annotations

import os
import threading

import pytest

from esnb.clients.installed import Client, NewEvent, StreamState
from tests.embedded_server import start_server

SECONDS = float(os.environ.get("ESNB_IDLE_SECONDS", "12"))
"""Three pings of a second apart would do for gRPC's own limits; minutes by hand."""


@pytest.mark.timeout(SECONDS + 120)
def test_idle_subscription_lives() -> None:
    with start_server() as server:
        uri = f"esdb://127.0.0.1:{server.port}?Tls=false"
        pinging = f"{uri}&KeepAliveInterval=1000&KeepAliveTimeout=60000"
        with (
            Client(pinging) as idle,
            Client(uri) as writer,
            idle.subscribe_to_stream("idle-1") as subscription,
        ):

            def wake() -> None:
                writer.append_to_stream(
                    "idle-1",
                    current_version=StreamState.ANY,
                    events=NewEvent("Woken", b"{}"),
                )

            threading.Timer(SECONDS, wake).start()
            assert next(subscription).type == "Woken"
