"""Persistent subscriptions through npm's `@eventstore/db-client`."""

from __future__ import annotations

from typing import Any

import pytest

from esnb.embedded.server import start_server
from tests.node.programs import said


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    with start_server() as server:
        return dict(said("persistent.mjs", f"esdb://127.0.0.1:{server.port}?tls=false"))


EXPECTED: dict[str, Any] = {
    "exists": "persistent-subscription-exists",
    "read": [1, 2, 3],
    "replayed": [2],
    "info": ["job-1", "workers", 10],
    "all": [1, 2, 3],
    "listed": ["every", "workers"],
    "updated": 3,
    "deleted": "persistent-subscription-does-not-exist",
}


@pytest.mark.parametrize("finding", EXPECTED)
def test_node_client_sees(finding: str, found: dict[str, Any]) -> None:
    assert found[finding] == EXPECTED[finding]
