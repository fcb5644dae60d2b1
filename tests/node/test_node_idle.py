"""A subscription that hears nothing for a while lives on, whatever the client pings."""

from __future__ import annotations

import os

import pytest

from tests.embedded_server import start_server
from tests.node.programs import said

SECONDS = int(os.environ.get("ESNB_IDLE_SECONDS", "45"))
"""gRPC's own limits would end it after 40 s; minutes by hand: `ESNB_IDLE_SECONDS=300`."""


@pytest.mark.timeout(SECONDS + 120)
def test_idle_subscription_lives() -> None:
    with start_server() as server:
        uri = f"esdb://127.0.0.1:{server.port}?tls=false&keepAliveInterval=10000"
        assert said("idle.mjs", uri, str(SECONDS), seconds=SECONDS + 60) == ["Woken"]
